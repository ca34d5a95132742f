/** Re-runs and cancels of many validations: at their own rate, behind live work, and continued after a crash. */

import { FACT_VERSION, type OperatorCommandFact } from "@webhook-gateway/shared/messages/fact.ts";
import {
  type ClaimedBulk,
  claimBulks,
  loadNext,
  type NextValidation,
  settleBulk,
} from "@webhook-gateway/shared/store/claim/bulk-work.ts";
import { isOutage } from "@webhook-gateway/shared/store/unavailable.ts";
import { loadSnapshot } from "@webhook-gateway/shared/store/write/snapshot.ts";
import { errorText } from "@webhook-gateway/shared/telemetry/log.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { decideBulkCommand } from "../decide/operator-command.ts";
import { byHalves } from "../effects/by-halves.ts";
import { decideAndCommit } from "../effects/decide-and-commit.ts";
import { hasRoom } from "../effects/queries.ts";
import type { RecordDeps } from "../record/record.ts";
import { type PacedProgress, stepEach } from "./paced.ts";
import { pacedAfter, quotaOf } from "./replay-pace.ts";

/** Takes every bulk command one step further. */
export const runBulkCommands = (deps: RecordDeps): Promise<PacedProgress> =>
  stepEach(deps, "bulk", { claim: claimBulks, step: bulkStep });

/** What it processed before a crash is processed again to the same end: a re-run has the command as its cause. */
async function bulkStep(deps: RecordDeps, bulk: ClaimedBulk, nowMs: number): Promise<PacedProgress> {
  const quota = quotaOf(bulk, nowMs);
  if (quota === 0) {
    const nothing = { last: undefined, processed: 0, leftAlone: 0, pacedAt: null, done: false };
    await settleBulk(deps.db, bulk.id, nothing, isoTime(nowMs));
    return { changed: false, nextAt: null };
  }
  const next = await loadNext(deps.db, bulk, quota);
  const done = await byHalves(next, (part) => commandPart(deps, bulk, part));
  const pacedMs = pacedAfter(bulk, next.length, nowMs);
  const progress = {
    last: next.at(-1),
    processed: next.length,
    leftAlone: done.filter((one) => !one).length,
    pacedAt: next.length === 0 ? null : isoTime(pacedMs.until),
    done: next.length < quota,
  };
  const more = await settleBulk(deps.db, bulk.id, progress, deps.now().toISOString());
  deps.log.info("bulk.step", { bulk_id: bulk.id, action: bulk.action, validations: next.length, more });
  return { changed: next.length > 0, nextAt: more ? isoTime(pacedMs.next) : null };
}

/** @returns of each validation whether something was done about it */
async function commandPart(
  deps: RecordDeps,
  bulk: ClaimedBulk,
  part: readonly NextValidation[],
): Promise<readonly boolean[] | "split"> {
  if (part.length === 0) return [];
  if (!hasRoom(deps.db, "replay")) throw new Error("the rest of this step is left to the next invocation");
  try {
    const committed = await decideAndCommit(deps, {
      lane: 1,
      load: () =>
        loadSnapshot(
          deps.db,
          part.map(({ id }) => factOf(bulk, id)),
          1,
        ),
      decide: (changes) => part.map(({ id }) => decideBulkCommand(changes, factOf(bulk, id), deps.policy)),
    });
    if (committed === undefined) throw new Error("the validations' rows never stay unchanged");
    return committed.result;
  } catch (thrown) {
    if (isOutage(thrown) || part.length === 0) throw thrown;
    // One of them cannot be written. It must not hold up the others.
    if (part.length > 1) return "split";
    deps.log.error("bulk.refused", { bulk_id: bulk.id, error: errorText(thrown) });
    return [false];
  }
}

/** Names the validation, so that the snapshot holds all that its decision needs. */
const factOf = (bulk: ClaimedBulk, validation_id: string): OperatorCommandFact => ({
  ...{ v: FACT_VERSION, kind: "order", id: bulk.id, received_at: bulk.requested_at },
  ...{ order: bulk.action, actor: bulk.requested_by, validation_id },
});
