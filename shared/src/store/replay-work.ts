/** Working off replays: which letters are next, and what came of them. */
import * as v from "valibot";

const claimedRow = v.object({
  id: v.string(),
  requested_at: v.string(),
  rate: v.number(),
  replayed: v.number(),
});
export type ClaimedReplay = v.InferOutput<typeof claimedRow>;

const letterRow = v.object({
  id: v.string(),
  kind: v.picklist(["fact", "dispatch", "cancel", "report"]),
  class: v.string(),
  validation_id: v.nullable(v.string()),
  body: v.nullable(v.string()),
});
export type ReplayingLetter = v.InferOutput<typeof letterRow>;

/** Claims every replay that is under way and that no other consumer works on. */
export async function claimReplays(
  db: D1Database,
  now: string,
  leaseUntil: string,
): Promise<readonly ClaimedReplay[]> {
  const { results } = await db.prepare(CLAIM).bind(now, leaseUntil).all();
  return v.parse(v.array(claimedRow), results);
}

/** The letters that a replay comes to next, the oldest first. */
export async function loadReplaying(
  db: D1Database,
  replayId: string,
  limit: number,
): Promise<ReplayingLetter[]> {
  const { results } = await db.prepare(SELECT_REPLAYING).bind(replayId, limit).all();
  return v.parse(v.array(letterRow), results);
}

/** Makes the effects behind letters due again, and closes the letters with them. */
export async function replayEffects(
  db: D1Database,
  replayId: string,
  letters: readonly ReplayingLetter[],
  now: string,
): Promise<void> {
  const ids = (kind: ReplayingLetter["kind"]): string =>
    JSON.stringify(letters.flatMap((one) => (one.kind === kind ? [one.validation_id] : [])));
  await db.batch([
    db.prepare(REPLAY_REPORTS).bind(ids("report"), now),
    db.prepare(REPLAY_CANCELS).bind(ids("cancel"), now),
    db.prepare(CLOSE).bind(JSON.stringify(letters.map(({ id }) => id)), replayId, now),
  ]);
}

/**
 * Notes how far a replay is, gives it back, and ends it where nothing is left.
 * @returns whether it goes on
 */
export async function settleReplay(
  db: D1Database,
  id: string,
  done: { readonly replayed: number; readonly failed: number },
  now: string,
): Promise<boolean> {
  const [, row] = await db.batch<Record<string, unknown>>([
    db.prepare(SETTLE).bind(id, done.replayed, done.failed, now),
    db.prepare("SELECT status FROM replays WHERE id = ?1").bind(id),
  ]);
  return row?.results[0]?.status === "running";
}

const CLAIM = `
  UPDATE replays SET lease_until = ?2 WHERE status = 'running' AND (lease_until IS NULL OR lease_until < ?1)
  RETURNING id, requested_at, coalesce(rate, 0) AS rate, replayed`;

const SELECT_REPLAYING = `
  SELECT id, kind, class, validation_id, body FROM dead_letters
  WHERE status = 'replaying' AND replay_id = ?1 ORDER BY died_at, id LIMIT ?2`;

const REPLAY_REPORTS = `
  UPDATE reports SET status = 'due', attempts = 0, due_at = ?2, wanted_at = ?2
  WHERE status = 'dead' AND validation_id IN (SELECT value FROM json_each(?1))`;

const REPLAY_CANCELS = `
  UPDATE cancels SET status = 'due', attempts = 0, due_at = ?2, done_at = NULL
  WHERE status = 'dead' AND validation_id IN (SELECT value FROM json_each(?1))`;

const CLOSE = `
  UPDATE dead_letters SET status = 'replayed', closed_at = ?3, outcome = 'due again'
  WHERE status = 'replaying' AND replay_id = ?2 AND id IN (SELECT value FROM json_each(?1))`;

const SETTLE = `
  UPDATE replays SET
    replayed = replayed + ?2, failed = failed + ?3, lease_until = NULL,
    status = CASE WHEN EXISTS (SELECT 1 FROM dead_letters WHERE replay_id = ?1 AND status = 'replaying')
                  THEN status ELSE 'done' END,
    finished_at = CASE WHEN EXISTS (SELECT 1 FROM dead_letters WHERE replay_id = ?1 AND status = 'replaying')
                       THEN finished_at ELSE ?4 END
  WHERE id = ?1 AND status = 'running'`;
