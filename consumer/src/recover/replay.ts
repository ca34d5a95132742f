/** Replays of dead letters: at their own rate, behind live work, and continued after a crash. */

import { FACT_VERSION, type Fact } from "@webhook-gateway/shared/messages/fact.ts";
import {
  type ClaimedReplay,
  claimReplays,
  loadReplaying,
  loadStillReplaying,
  type ReplayingDeadLetter,
  replayEffects,
  settleReplay,
} from "@webhook-gateway/shared/store/claim/replay-work.ts";
import { isOutage } from "@webhook-gateway/shared/store/unavailable.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import type { SettledDeadLetter } from "@webhook-gateway/shared/store/write/mutation.ts";
import { loadSnapshot } from "@webhook-gateway/shared/store/write/snapshot.ts";
import { errorText } from "@webhook-gateway/shared/telemetry/log.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { parseJson } from "@webhook-gateway/shared/text/json.ts";
import type { ChangeSet } from "../decide/change-set.ts";
import { decideFact } from "../decide/fact.ts";
import { replayDispatch } from "../decide/operator-command.ts";
import { Recorded } from "../decide/recorded.ts";
import { byHalves } from "../effects/by-halves.ts";
import { decideAndCommit } from "../effects/decide-and-commit.ts";
import { hasRoom } from "../effects/queries.ts";
import { readFact } from "../record/read-fact.ts";
import type { RecordDeps } from "../record/record.ts";
import { type PacedProgress, stepEach } from "./paced.ts";
import { pacedAfter, quotaOf } from "./replay-pace.ts";

/** Takes every replay one step further. */
export const replayDue = (deps: RecordDeps): Promise<PacedProgress> =>
  stepEach(deps, "replay", { claim: claimReplays, step: replayStep });

async function replayStep(deps: RecordDeps, replay: ClaimedReplay, nowMs: number): Promise<PacedProgress> {
  const quota = quotaOf(replay, nowMs);
  const deadLetters = quota === 0 ? [] : await loadReplaying(deps.db, replay.id, quota);
  const effects = deadLetters.filter(isEffect);
  await replayDecisions(
    deps,
    replay,
    deadLetters.filter((deadLetter) => !isEffect(deadLetter)),
  );
  if (effects.length > 0) await replayEffects(deps.db, replay.id, effects, deps.now().toISOString());
  const changed = deadLetters.length > 0;
  const pacedMs = pacedAfter(replay, deadLetters.length, nowMs);
  const more = await settleReplay(
    deps.db,
    replay.id,
    changed ? isoTime(pacedMs.until) : null,
    deps.now().toISOString(),
  );
  deps.log.info("replay.step", { replay_id: replay.id, dead_letters: deadLetters.length, more });
  // Each batch is followed by one wake-up, so that they do not grow in number with every minute's cron.
  return { changed, nextAt: more && changed ? isoTime(pacedMs.next) : null };
}

const isEffect = ({ kind }: ReplayingDeadLetter): boolean => kind !== "fact" && kind !== "dispatch";

/**
 * Facts are recorded under their own ids, so that one which was recorded after all is not recorded twice;
 * validations that could not be dispatched are queued again. Dead letters are settled in the same transaction: what a
 * cancel has taken back is not run.
 */
async function replayDecisions(
  deps: RecordDeps,
  replay: ClaimedReplay,
  deadLetters: readonly ReplayingDeadLetter[],
): Promise<void> {
  if (deadLetters.length === 0) return;
  await byHalves(deadLetters, async (part) => {
    if (!hasRoom(deps.db, "replay")) throw new Error("the rest of this step is left to the next invocation");
    let committed: unknown;
    try {
      committed = await decideReplay(deps, replay, part);
    } catch (thrown) {
      const [first] = part;
      if (isOutage(thrown) || first === undefined) throw thrown;
      // One of them cannot be written. It must not hold up the others.
      if (part.length > 1) return "split";
      deps.log.error("replay.refused", {
        replay_id: replay.id,
        dead_letter_id: first.id,
        error: errorText(thrown),
      });
      const row = reopened(first, replay, "cannot be replayed: D1 refuses it, and the log says why");
      await commit(deps.db, deps.now().toISOString(), [{ kind: "settledDeadLetter", row }]);
      return [];
    }
    if (committed === undefined) throw new Error("the dead letters' rows never stay unchanged");
    return [];
  });
}

function decideReplay(deps: RecordDeps, replay: ClaimedReplay, given: readonly ReplayingDeadLetter[]) {
  return decideAndCommit(deps, {
    lane: 1,
    async load(attempt) {
      const deadLetters = attempt === 0 ? given : await loadStillReplaying(deps.db, replay.id, given);
      const now = deps.now().toISOString();
      const read = await Promise.all(
        deadLetters.map(async (deadLetter) => ({ deadLetter, fact: await factOf(deadLetter, now) })),
      );
      const facts = read.flatMap(({ fact }) => fact ?? []);
      return { ...(await loadSnapshot(deps.db, facts, 1)), read };
    },
    decide(changes, snapshot) {
      const recorded = new Recorded(snapshot);
      for (const { deadLetter, fact } of snapshot.read) {
        const row: SettledDeadLetter =
          fact === undefined
            ? reopened(deadLetter, replay, "cannot be replayed: this version cannot read it")
            : {
                ...keyOf(deadLetter, replay),
                status: "replayed",
                outcome: outcomeOf(deps, changes, recorded, replay, deadLetter, fact),
              };
        changes.add({ kind: "settledDeadLetter", row });
      }
    },
  });
}

function outcomeOf(
  { policy }: RecordDeps,
  changes: ChangeSet,
  recorded: Recorded,
  replay: ClaimedReplay,
  { kind, validation_id }: ReplayingDeadLetter,
  fact: Fact,
): string {
  if (kind === "dispatch") return replayDispatch(changes, validation_id ?? "", replay.id);
  return decideFact(changes, recorded, fact, policy) ?? "recorded before";
}

/** A validation is named by an operator command, so that the snapshot holds all that its decision needs. */
async function factOf(
  { id, kind, validation_id, body }: ReplayingDeadLetter,
  now: string,
): Promise<Fact | undefined> {
  // A body that was too long to be kept whole was cut: it is not JSON any more.
  if (kind === "fact") return readFact(parseJson(body));
  const head = { v: FACT_VERSION, id, received_at: now } as const;
  return { ...head, kind: "order", order: "rerun", validation_id: validation_id ?? "" };
}

const keyOf = ({ id }: ReplayingDeadLetter, replay: ClaimedReplay) => ({ id, replay_id: replay.id });

const reopened = (
  deadLetter: ReplayingDeadLetter,
  replay: ClaimedReplay,
  outcome: string,
): SettledDeadLetter => ({
  ...keyOf(deadLetter, replay),
  status: "open",
  outcome,
});
