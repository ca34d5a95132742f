/** Every route of the operator API. The OpenAPI document is generated from this table. */
import * as action from "@webhook-gateway/shared/api/action.ts";
import * as audit from "@webhook-gateway/shared/api/audit.ts";
import * as deadLetter from "@webhook-gateway/shared/api/dead-letter.ts";
import * as delivery from "@webhook-gateway/shared/api/delivery.ts";
import { flakeItem, flakeQuery } from "@webhook-gateway/shared/api/flake.ts";
import { overview } from "@webhook-gateway/shared/api/overview.ts";
import { pageOf } from "@webhook-gateway/shared/api/page.ts";
import * as reconcile from "@webhook-gateway/shared/api/reconcile.ts";
import * as replay from "@webhook-gateway/shared/api/replay.ts";
import * as tracing from "@webhook-gateway/shared/api/trace.ts";
import * as validation from "@webhook-gateway/shared/api/validation.ts";
import { insertAudit, listAudits, loadAudit } from "@webhook-gateway/shared/store/maintain/audits.ts";
import {
  insertReconcile,
  listReconciles,
  loadReconcile,
} from "@webhook-gateway/shared/store/maintain/reconciles.ts";
import { listReplays, loadReplay } from "@webhook-gateway/shared/store/maintain/replays.ts";
import { loadMetrics } from "@webhook-gateway/shared/store/metrics.ts";
import { listActions } from "@webhook-gateway/shared/store/read/action-list.ts";
import { listDeadLetters, loadDeadLetter } from "@webhook-gateway/shared/store/read/dead-letter-list.ts";
import { listDeliveries } from "@webhook-gateway/shared/store/read/delivery-list.ts";
import { listFlakes } from "@webhook-gateway/shared/store/read/flakes.ts";
import { listValidations } from "@webhook-gateway/shared/store/read/validation-list.ts";
import * as v from "valibot";
import { BULK_ROUTES } from "./bulk.ts";
import { commandDeadLetters, previewDeadLetterCommand, stopReplay } from "./dead-letters.ts";
import { METRICS_TYPE, metricsText } from "./metrics.ts";
import { readOverview } from "./overview.ts";
import { PAUSE_ROUTES } from "./pauses.ts";
import { readValidation } from "./read-validation.ts";
import { type Answer, answerOf, found, get, post, type Route } from "./route.ts";
import { answerTrace } from "./trace.ts";
import { type CommandAnswer, commandValidation, notifyConsumer } from "./validation-command.ts";

export const ROUTES: readonly Route[] = [
  get({
    path: "/status",
    summary: "Gateway status",
    answers: { 200: overview },
    handle: async ({ deps, actor }) => ({ body: { ...(await readOverview(deps)), actor } }),
  }),
  get({
    path: "/metrics",
    summary: "Gateway status as OpenMetrics text",
    answers: { 200: "text" },
    handle: async ({ deps }) => {
      const [overview, metrics] = await Promise.all([readOverview(deps), loadMetrics(deps.db)]);
      return { text: metricsText(overview, metrics), contentType: METRICS_TYPE };
    },
  }),
  get({
    path: "/trace",
    summary: "Trace of a delivery, a validation, a pull request or a commit",
    query: tracing.traceQuery,
    answers: { 200: tracing.trace },
    handle: ({ deps, query }) => answerTrace(deps, query.q),
  }),
  get({
    path: "/deliveries",
    summary: "Recorded deliveries, newest first",
    query: delivery.deliveryQuery,
    answers: { 200: pageOf(delivery.deliveryItem) },
    handle: async ({ deps, query }) => ({ body: await listDeliveries(deps.db, query) }),
  }),
  get({
    path: "/validations",
    summary: "Validations, newest first",
    query: validation.validationQuery,
    answers: { 200: pageOf(validation.validationItem) },
    handle: async ({ deps, query }) => ({ body: await listValidations(deps.db, query) }),
  }),
  ...BULK_ROUTES,
  get({
    path: "/validations/{id}",
    summary: "One validation with its timeline and results",
    answers: { 200: validation.validationDetail },
    handle: async ({ deps, id }) => found(await readValidation(deps, id)),
  }),
  post({
    path: "/validations/{id}/cancel",
    action: "cancel",
    summary: "Stop a validation, in the queue or at Grainchain",
    answers: { 200: validation.commandAnswer, 202: validation.commandAnswer },
    handle: async ({ deps, id, actor }) =>
      commandAnswer(await commandValidation(deps, "cancel", id, actor), id),
  }),
  post({
    path: "/validations/{id}/rerun",
    action: "rerun",
    summary: "Run a validation's head again",
    answers: { 202: validation.commandAnswer },
    handle: async ({ deps, id, actor }) =>
      commandAnswer(await commandValidation(deps, "rerun", id, actor), id),
  }),
  post({
    path: "/validations/{id}/approve",
    action: "approve",
    summary: "Run a change from a fork that waits for an approval",
    body: validation.approveRequest,
    mayOmitBody: true,
    answers: { 202: validation.commandAnswer },
    handle: async ({ deps, id, actor, body }) =>
      commandAnswer(await commandValidation(deps, "approve", id, actor, body.reason), id),
  }),
  get({
    path: "/dead-letters",
    summary: "Dead letters, newest first",
    query: deadLetter.deadLetterQuery,
    answers: { 200: pageOf(deadLetter.deadLetterItem) },
    handle: async ({ deps, query }) => ({ body: await listDeadLetters(deps.db, query) }),
  }),
  post({
    path: "/dead-letters/discard",
    action: "discard",
    summary: "Close dead letters without replaying them",
    body: replay.discardRequest,
    answers: { 200: v.union([deadLetter.deadLetterPreview, replay.replayItem]) },
    handle: async ({ deps, body, actor }) => {
      if (body.dry_run) return { body: await previewDeadLetterCommand(deps, body) };
      return answerOf(await commandDeadLetters(deps, "discard", body, actor), 200);
    },
  }),
  get({
    path: "/dead-letters/{id}",
    summary: "One dead letter with its fact",
    answers: { 200: deadLetter.deadLetterDetail },
    handle: async ({ deps, id }) => found(await loadDeadLetter(deps.db, id)),
  }),
  post({
    path: "/replays",
    action: "replay",
    summary: "Replay dead letters behind live work",
    body: replay.replayRequest,
    answers: { 200: deadLetter.deadLetterPreview, 202: replay.replayItem },
    handle: async ({ deps, body, actor }) => {
      if (body.dry_run) return { body: await previewDeadLetterCommand(deps, body) };
      return answerOf(await commandDeadLetters(deps, "replay", body, actor), 202);
    },
  }),
  get({
    path: "/replays",
    summary: "Replays, newest first",
    query: replay.replayQuery,
    answers: { 200: pageOf(replay.replayItem) },
    handle: async ({ deps, query }) => ({ body: await listReplays(deps.db, query) }),
  }),
  get({
    path: "/replays/{id}",
    summary: "One replay with its progress",
    answers: { 200: replay.replayItem },
    handle: async ({ deps, id }) => found(await loadReplay(deps.db, id)),
  }),
  post({
    path: "/replays/{id}/cancel",
    action: "cancel-replay",
    summary: "Stop a replay; the dead letters that it has not reached are open again",
    answers: { 200: replay.replayItem },
    handle: async ({ deps, id, actor }) => found(await stopReplay(deps, id, actor)),
  }),
  post({
    path: "/reconciles",
    action: "reconcile",
    summary: "Search for missing deliveries",
    body: reconcile.reconcileRequest,
    answers: { 202: reconcile.reconcileItem },
    handle: async ({ deps, body, actor }) => {
      const id = deps.newId();
      const since = body.since === undefined ? null : new Date(body.since).toISOString();
      const request = { id, requested_by: actor, since, dry_run: body.dry_run };
      await insertReconcile(deps.db, request, deps.now().toISOString());
      await notifyConsumer(deps);
      return { body: await loadReconcile(deps.db, id), status: 202 };
    },
  }),
  get({
    path: "/reconciles",
    summary: "Searches for missing deliveries, newest first",
    query: reconcile.reconcileQuery,
    answers: { 200: pageOf(reconcile.reconcileItem) },
    handle: async ({ deps, query }) => ({ body: await listReconciles(deps.db, query) }),
  }),
  get({
    path: "/reconciles/{id}",
    summary: "One search with its result",
    answers: { 200: reconcile.reconcileItem },
    handle: async ({ deps, id }) => found(await loadReconcile(deps.db, id)),
  }),
  post({
    path: "/audits",
    action: "audit",
    summary: "Compare the open pull requests on GitHub with what is recorded",
    body: audit.auditRequest,
    answers: { 202: audit.auditItem },
    handle: async ({ deps, body, actor }) => {
      const id = deps.newId();
      const repositories = body.repositories ?? null;
      const request = { id, requested_by: actor, repositories, dry_run: body.dry_run };
      await insertAudit(deps.db, request, deps.now().toISOString());
      await notifyConsumer(deps);
      return { body: await loadAudit(deps.db, id), status: 202 };
    },
  }),
  get({
    path: "/audits",
    summary: "Audits, newest first",
    query: audit.auditQuery,
    answers: { 200: pageOf(audit.auditItem) },
    handle: async ({ deps, query }) => ({ body: await listAudits(deps.db, query) }),
  }),
  get({
    path: "/audits/{id}",
    summary: "One audit with what it found",
    answers: { 200: audit.auditItem },
    handle: async ({ deps, id }) => found(await loadAudit(deps.db, id)),
  }),
  get({
    path: "/flakes",
    summary: "Steps that passed and failed on one commit, the flakiest first",
    query: flakeQuery,
    answers: { 200: pageOf(flakeItem) },
    handle: async ({ deps, query }) => ({
      body: { items: await listFlakes(deps.db, query, deps.now()), next_cursor: null },
    }),
  }),
  ...PAUSE_ROUTES,
  get({
    path: "/actions",
    summary: "What people asked for, newest first",
    query: action.actionQuery,
    answers: { 200: pageOf(action.actionItem) },
    handle: async ({ deps, query }) => ({ body: await listActions(deps.db, query) }),
  }),
];

function commandAnswer(answer: CommandAnswer, validationId: string): Answer {
  if ("error" in answer) return answer;
  const body = { success: true, message: answer.message, validation_id: validationId };
  return { body, status: answer.accepted ? 202 : 200 };
}
