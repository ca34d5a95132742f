/** The dashboard's data and commands, from the same store as the operator API. */

import { listReconciles } from "@webhook-gateway/shared/store/maintain/reconciles.ts";
import { cancelReplay, listReplays } from "@webhook-gateway/shared/store/maintain/replays.ts";
import { listDeadLetters, loadDeadLetter } from "@webhook-gateway/shared/store/read/dead-letter-list.ts";
import { listDeliveries } from "@webhook-gateway/shared/store/read/delivery-list.ts";
import { listValidations, loadValidationDetail } from "@webhook-gateway/shared/store/read/validation-list.ts";
import type { Health } from "../health/health.ts";
import { commandDeadLetters, previewDeadLetterCommand } from "../operator-api/dead-letters.ts";
import { readOverview } from "../operator-api/overview.ts";
import type { OperatorDeps } from "../operator-api/route.ts";
import { readTrace } from "../operator-api/trace.ts";
import { cancelValidation, rerunValidation } from "../operator-api/validation-command.ts";
import type { DashboardData } from "./data.ts";

/** @param health the answer of `GET /health` */
export function createDashboardData(deps: OperatorDeps, health: () => Promise<Health>): DashboardData {
  const { db } = deps;
  return {
    overview: () => readOverview(deps),
    health,
    deliveries: (query) => listDeliveries(db, query),
    validations: (query) => listValidations(db, query),
    validation: (id) => loadValidationDetail(db, id),
    trace: (question) => readTrace(deps, question),
    deadLetters: (query) => listDeadLetters(db, query),
    deadLetter: (id) => loadDeadLetter(db, id),
    replays: (query) => listReplays(db, query),
    reconciles: (query) => listReconciles(db, query),
    previewLetters: (scope) => previewDeadLetterCommand(deps, { scope }),
    replay: (command, who) => commandDeadLetters(deps, "replay", command, who),
    discard: (command, who) => commandDeadLetters(deps, "discard", command, who),
    cancelReplay: (id) => cancelReplay(db, id, deps.now().toISOString()),
    cancel: (validationId) => cancelValidation(deps, validationId),
    rerun: (validationId) => rerunValidation(deps, validationId),
  };
}
