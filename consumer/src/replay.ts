/** Replays of dead letters: worked off at their own rate, behind live work, and gone on with after a crash. */
import { FACT_VERSION, type Fact, parseFact } from "@webhook-gateway/shared/fact.ts";
import { commit } from "@webhook-gateway/shared/store/commit.ts";
import {
  type ClaimedReplay,
  claimReplays,
  loadReplaying,
  type ReplayingLetter,
  replayEffects,
  settleReplay,
} from "@webhook-gateway/shared/store/replay-work.ts";
import { noChanges, type SettledLetter } from "@webhook-gateway/shared/store/rows.ts";
import { loadSnapshot } from "@webhook-gateway/shared/store/snapshot.ts";
import { Draft } from "./draft.ts";
import { replayDispatch } from "./order.ts";
import { type RecordDeps, recordFacts } from "./record.ts";

/** Letters of one step: one transaction each kind. */
const BATCH_SIZE = 100;
const LEASE_MS = 60_000;
/** A step takes what falls into this much time, so that a low rate needs few steps. */
const STEP_MS = 5_000;
const MAX_CONFLICTS = 8;

export interface ReplayProgress {
  /** Something was made due. */
  readonly changed: boolean;
  /** When the next step is; null where nothing is left. */
  readonly nextAt: string | null;
}

/** Takes every replay one step further. */
export async function replayDue(deps: RecordDeps): Promise<ReplayProgress> {
  const nowMs = deps.now().getTime();
  const replays = await claimReplays(deps.db, iso(nowMs), iso(nowMs + LEASE_MS));
  let changed = false;
  let nextAt: string | null = null;
  for (const replay of replays) {
    const quota = quotaOf(replay, nowMs);
    const letters = quota === 0 ? [] : await loadReplaying(deps.db, replay.id, quota);
    const failed = await replayLetters(deps, replay, letters);
    const done = { replayed: letters.length, failed };
    const more = await settleReplay(deps.db, replay.id, done, deps.now().toISOString());
    changed ||= letters.length > 0;
    deps.log.info("replay.step", { replay_id: replay.id, ...done, more });
    if (more) nextAt = iso(deps.now().getTime() + stepMs(replay));
  }
  return { changed, nextAt };
}

/** What the rate allows by now, beyond what is done. */
export function quotaOf({ requested_at, rate, replayed }: ClaimedReplay, nowMs: number): number {
  const elapsedMs = Math.max(0, nowMs - Date.parse(requested_at));
  const allowed = Math.ceil(((elapsedMs + STEP_MS) / 60_000) * rate);
  return Math.min(Math.max(allowed - replayed, 0), BATCH_SIZE);
}

/** Long enough for at least one letter. */
const stepMs = ({ rate }: ClaimedReplay): number => Math.max(1000, 60_000 / Math.max(rate, 1));

/** @returns how many could not be replayed */
async function replayLetters(
  deps: RecordDeps,
  replay: ClaimedReplay,
  letters: readonly ReplayingLetter[],
): Promise<number> {
  const dispatches = letters.filter(({ kind }) => kind === "dispatch");
  const effects = letters.filter(({ kind }) => kind === "report" || kind === "cancel");
  const facts = letters.filter(({ kind }) => kind === "fact");
  if (dispatches.length > 0) await replayDispatches(deps, replay, dispatches);
  if (effects.length > 0) await replayEffects(deps.db, replay.id, effects, deps.now().toISOString());
  return facts.length === 0 ? 0 : replayFacts(deps, replay, facts);
}

async function replayDispatches(
  deps: RecordDeps,
  replay: ClaimedReplay,
  letters: readonly ReplayingLetter[],
): Promise<void> {
  const orders = letters.map((letter) => orderFor(letter, deps.now().toISOString()));
  for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
    const snapshot = await loadSnapshot(deps.db, orders);
    const draft = new Draft(deps.now().toISOString(), snapshot, 1);
    for (const { id, validation_id } of letters) {
      const outcome = replayDispatch(draft, validation_id ?? "", replay.id);
      draft.settleLetter({ id, replay_id: replay.id, status: "replayed", outcome });
    }
    if ((await commit(deps.db, draft.changes())) === "committed") return;
  }
  throw new Error("the letters' validations never stay unchanged");
}

/** Names the validation, so that the snapshot holds all that the decision needs. */
const orderFor = ({ id, validation_id }: ReplayingLetter, now: string): Fact => ({
  v: FACT_VERSION,
  kind: "order",
  id,
  received_at: now,
  order: "rerun",
  validation_id: validation_id ?? "",
});

/** Facts are recorded under their own ids: one that was recorded after all is recorded no second time. */
async function replayFacts(
  deps: RecordDeps,
  replay: ClaimedReplay,
  letters: readonly ReplayingLetter[],
): Promise<number> {
  const read = letters.map((letter) => ({ letter, fact: parseFact(parseJson(letter.body)) }));
  const facts = read.flatMap(({ fact }) => (fact === undefined ? [] : [fact]));
  if (facts.length > 0) await recordFacts({ ...deps, lane: 1 }, facts);
  const settled = read.map(({ letter, fact }): SettledLetter => {
    const base = { id: letter.id, replay_id: replay.id };
    if (fact !== undefined) return { ...base, status: "replayed", outcome: "recorded" };
    return { ...base, status: "open", outcome: "cannot be replayed: this version cannot read it" };
  });
  await commit(deps.db, { ...noChanges(deps.now().toISOString()), letters: settled });
  return read.length - facts.length;
}

function parseJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined; // Cut, because it was too long to be kept whole.
  }
}

const iso = (ms: number): string => new Date(ms).toISOString();
