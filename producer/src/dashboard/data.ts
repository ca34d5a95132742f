/** The dashboard's data and commands, from the same store as the operator API. */

import type { DeadLetterScope } from "@webhook-gateway/shared/api/dead-letter.ts";
import type { FlakeItem, FlakeQuery } from "@webhook-gateway/shared/api/flake.ts";
import type { pauseRequest, resumeRequest } from "@webhook-gateway/shared/api/pause.ts";
import { listReconciles } from "@webhook-gateway/shared/store/maintain/reconciles.ts";
import { listReplays } from "@webhook-gateway/shared/store/maintain/replays.ts";
import { listActions } from "@webhook-gateway/shared/store/read/action-list.ts";
import { listDeadLetters, loadDeadLetter } from "@webhook-gateway/shared/store/read/dead-letter-list.ts";
import { listDeliveries } from "@webhook-gateway/shared/store/read/delivery-list.ts";
import { listFlakes } from "@webhook-gateway/shared/store/read/flakes.ts";
import { listRepositoryTimes, loadRepository } from "@webhook-gateway/shared/store/read/repositories.ts";
import { listValidations } from "@webhook-gateway/shared/store/read/validation-list.ts";
import { isRevoked, revokeSession } from "@webhook-gateway/shared/store/session.ts";
import type * as v from "valibot";
import type { Health } from "../health/health.ts";
import {
  commandDeadLetters,
  type DeadLetterCommand,
  previewDeadLetterCommand,
  stopReplay,
} from "../operator-api/dead-letters.ts";
import { readOverview } from "../operator-api/overview.ts";
import { pause, resume } from "../operator-api/pauses.ts";
import { readValidation } from "../operator-api/read-validation.ts";
import { type Refusal, recordRefusal } from "../operator-api/refusal.ts";
import type { OperatorDeps } from "../operator-api/route.ts";
import { readTrace } from "../operator-api/trace.ts";
import { commandValidation } from "../operator-api/validation-command.ts";

/** One page of a list. */
export interface ListPage<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}

/**
 * Backed by D1 in production and by a fixture in tests. A list may throw `CursorError`, and every method may throw what
 * `isUnavailable` recognizes; both have an error page.
 */
export type DashboardData = ReturnType<typeof createDashboardData>;

/** @param health the answer of `GET /health` */
export function createDashboardData(deps: OperatorDeps, health: () => Promise<Health>) {
  const { db } = deps;
  const command = (action: "replay" | "discard") => (given: DeadLetterCommand, actor: string) =>
    commandDeadLetters(deps, action, given, actor);
  return {
    overview: () => readOverview(deps),
    health,
    deliveries: listFrom(db, listDeliveries),
    validations: listFrom(db, listValidations),
    validation: (id: string) => readValidation(deps, id),
    trace: (question: string) => readTrace(deps, question),
    deadLetters: listFrom(db, listDeadLetters),
    deadLetter: (id: string) => loadDeadLetter(db, id),
    replays: listFrom(db, listReplays),
    reconciles: listFrom(db, listReconciles),
    previewDeadLetters: (scope: DeadLetterScope) => previewDeadLetterCommand(deps, { scope }),
    replay: command("replay"),
    discard: command("discard"),
    cancelReplay: (id: string, actor: string) => stopReplay(deps, id, actor),
    cancel: (validationId: string, actor: string) => commandValidation(deps, "cancel", validationId, actor),
    approve: (validationId: string, actor: string) => commandValidation(deps, "approve", validationId, actor),
    rerun: (validationId: string, actor: string) => commandValidation(deps, "rerun", validationId, actor),
    flakes: async (query: FlakeQuery): Promise<ListPage<FlakeItem>> => ({
      items: await listFlakes(db, query, deps.now()),
      next_cursor: null,
    }),
    actions: listFrom(db, listActions),
    repositories: () => listRepositoryTimes(db),
    repository: (name: string) => loadRepository(db, name, deps.now().toISOString()),
    pause: (asked: v.InferOutput<typeof pauseRequest>, actor: string) => pause(deps, asked, actor),
    resume: (asked: v.InferOutput<typeof resumeRequest>, actor: string) => resume(deps, asked, actor),
    isRevoked: (sessionId: string) => isRevoked(db, sessionId),
    revokeSession: (sessionId: string, expiresAt: string) => revokeSession(db, sessionId, expiresAt),
    recordRefusal: (refusal: Refusal) => recordRefusal(deps, refusal),
  };
}

const listFrom =
  <Query, Item>(db: D1Database, list: (db: D1Database, query: Query) => Promise<ListPage<Item>>) =>
  (query: Query): Promise<ListPage<Item>> =>
    list(db, query);
