/** The operator API, a function a route. */

import { actionItem } from "@webhook-gateway/shared/api/action.ts";
import { type AuditRequestBody, auditItem } from "@webhook-gateway/shared/api/audit.ts";
import {
  deadLetterDetail,
  deadLetterItem,
  deadLetterPreview,
} from "@webhook-gateway/shared/api/dead-letter.ts";
import { deliveryItem } from "@webhook-gateway/shared/api/delivery.ts";
import { flakeItem } from "@webhook-gateway/shared/api/flake.ts";
import { overview } from "@webhook-gateway/shared/api/overview.ts";
import { pageOf } from "@webhook-gateway/shared/api/page.ts";
import {
  type PauseRequest,
  pauseItem,
  type ResumeRequest,
  resumeAnswer,
} from "@webhook-gateway/shared/api/pause.ts";
import { type ReconcileRequestBody, reconcileItem } from "@webhook-gateway/shared/api/reconcile.ts";
import { type DiscardRequest, type ReplayRequest, replayItem } from "@webhook-gateway/shared/api/replay.ts";
import { trace } from "@webhook-gateway/shared/api/trace.ts";
import {
  type BulkRequest,
  bulkPreview,
  commandAnswer,
  validationDetail,
  validationItem,
} from "@webhook-gateway/shared/api/validation.ts";
import type { BulkAction } from "@webhook-gateway/shared/api/validation-scope.ts";
import type * as v from "valibot";
import type { Client, Query } from "./client.ts";
import { projectStatus } from "./project-status.ts";

export type OperatorApi = ReturnType<typeof operatorApi>;

/** Calls of the API. Ids may hold any character. */
export function operatorApi(client: Client) {
  const named = { named: true };
  const one =
    <Schema extends v.GenericSchema>(path: string, schema: Schema) =>
    (id: string, signal: AbortSignal | null = null) =>
      client.get(`${path}/${encodeURIComponent(id)}`, schema, { ...named, signal });
  return {
    status: () => client.get("/api/status", overview),
    projectStatus: (repository: string) =>
      client.get(
        `/webhook/projects/${repository.split("/").map(encodeURIComponent).join("/")}/status`,
        projectStatus,
      ),
    trace: (question: string) => client.get("/api/trace", trace, { query: { q: question }, ...named }),

    deliveries: (query: Query) => client.get("/api/deliveries", pageOf(deliveryItem), { query }),

    validations: (query: Query) => client.get("/api/validations", pageOf(validationItem), { query }),
    validation: one("/api/validations", validationDetail),
    commandValidation: (id: string, verb: "cancel" | "rerun" | "approve", body: object = {}) =>
      client.post(`/api/validations/${encodeURIComponent(id)}/${verb}`, commandAnswer, body),

    flakes: (query: Query) => client.get("/api/flakes", pageOf(flakeItem), { query }),
    pause: (request: PauseRequest) => client.post("/api/pauses", pauseItem, request),
    resume: (request: ResumeRequest) => client.post("/api/pauses/resume", resumeAnswer, request),

    previewValidations: (action: BulkAction, request: BulkRequest) =>
      client.post(`/api/validations/${action}`, bulkPreview, { ...request, dry_run: true }),
    actOnValidations: (action: BulkAction, request: BulkRequest) =>
      client.post(`/api/validations/${action}`, replayItem, request),

    actions: (query: Query) => client.get("/api/actions", pageOf(actionItem), { query }),

    deadLetters: (query: Query) => client.get("/api/dead-letters", pageOf(deadLetterItem), { query }),
    deadLetter: one("/api/dead-letters", deadLetterDetail),
    previewDeadLetters: (action: DeadLetterAction, request: DeadLetterRequest) =>
      client.post(DEAD_LETTER_PATHS[action], deadLetterPreview, { ...request, dry_run: true }),
    actOnDeadLetters: (action: DeadLetterAction, request: DeadLetterRequest) =>
      client.post(DEAD_LETTER_PATHS[action], replayItem, request),

    replays: (query: Query) => client.get("/api/replays", pageOf(replayItem), { query }),
    replay: one("/api/replays", replayItem),
    cancelReplay: (id: string) => client.post(`/api/replays/${encodeURIComponent(id)}/cancel`, replayItem),

    startAudit: (request: AuditRequestBody) =>
      client.post("/api/audits", auditItem, request, { named: false }),
    audit: one("/api/audits", auditItem),

    startReconcile: (request: ReconcileRequestBody) =>
      client.post("/api/reconciles", reconcileItem, request, { named: false }),
    reconcile: one("/api/reconciles", reconcileItem),
  };
}

export type DeadLetterAction = "replay" | "discard";
export type DeadLetterRequest = Omit<ReplayRequest & DiscardRequest, "dry_run">;

const DEAD_LETTER_PATHS = { replay: "/api/replays", discard: "/api/dead-letters/discard" };
