/** Re-running and cancelling many validations: the consumer carries it out, at a rate and behind live work. */

import { type ReplayItem, replayItem } from "@webhook-gateway/shared/api/replay.ts";
import { type BulkPreview, bulkPreview, bulkRequest } from "@webhook-gateway/shared/api/validation.ts";
import { BULK_ACTIONS, type BulkAction } from "@webhook-gateway/shared/api/validation-scope.ts";
import { previewBulk, startBulk } from "@webhook-gateway/shared/store/maintain/bulk.ts";
import type * as v from "valibot";
import type { Refused } from "../http/api-error.ts";
import { refuse } from "./refusal.ts";
import { answerOf, post, type Route } from "./route.ts";
import { type CommandDeps, notifyConsumer } from "./validation-command.ts";

/** What can be done about a validation. */
const WHICH: Readonly<Record<BulkAction, string>> = {
  rerun: "no validation that can run again matches",
  cancel: "no validation that has not ended matches",
};

/** Shows which validations a command would be about, or starts it. */
async function commandValidations(
  deps: CommandDeps,
  action: BulkAction,
  { scope, dry_run, reason, rate }: v.InferOutput<typeof bulkRequest>,
  actor: string,
): Promise<BulkPreview | ReplayItem | Refused> {
  const preview = await previewBulk(deps.db, action, scope);
  if (dry_run) return { dry_run, ...preview };
  if (preview.total === 0) {
    return refuse(deps, { actor, action, target: null }, { code: "not_found", message: WHICH[action] });
  }
  const start = { id: deps.newId(), action, requestedBy: actor, reason: reason ?? null, scope, rate };
  const started = await startBulk(deps.db, start, preview.total, deps.now().toISOString());
  deps.log.info("bulk.started", { bulk_id: started.id, action, validations: started.total });
  await notifyConsumer(deps);
  return started;
}

export const BULK_ROUTES: readonly Route[] = BULK_ACTIONS.map((action) =>
  post({
    path: `/validations/${action}`,
    action,
    summary: `${action === "rerun" ? "Run again" : "Stop"} many validations, behind live work`,
    body: bulkRequest,
    answers: { 200: bulkPreview, 202: replayItem },
    handle: async ({ deps, body, actor }) =>
      answerOf(await commandValidations(deps, action, body, actor), body.dry_run ? 200 : 202),
  }),
);
