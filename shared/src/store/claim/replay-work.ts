/** Performing replays: which dead letters are next, and their outcome. */
import * as v from "valibot";
import { REPLAY_EVENTS } from "../write/event-sql.ts";

const claimedRow = v.object({
  id: v.string(),
  requested_at: v.string(),
  /** Dead letters a minute. */
  rate: v.number(),
  /** Up to when the rate is used up; null before the first dead letter. */
  paced_at: v.nullable(v.string()),
});
export type ClaimedReplay = v.InferOutput<typeof claimedRow>;

const deadLetterRow = v.object({
  id: v.string(),
  kind: v.picklist(["fact", "dispatch", "cancel", "report", "event"]),
  validation_id: v.nullable(v.string()),
  body: v.nullable(v.string()),
});
export type ReplayingDeadLetter = v.InferOutput<typeof deadLetterRow>;

/** Claims every running replay that no other consumer works on. */
export async function claimReplays(
  db: D1Database,
  now: string,
  leaseUntil: string,
): Promise<readonly ClaimedReplay[]> {
  const { results } = await db.prepare(CLAIM).bind(now, leaseUntil).all();
  return v.parse(v.array(claimedRow), results);
}

/** The next dead letters of a replay, the oldest first. */
export async function loadReplaying(
  db: D1Database,
  replayId: string,
  limit: number,
): Promise<ReplayingDeadLetter[]> {
  const { results } = await db.prepare(SELECT_REPLAYING).bind(replayId, limit).all();
  return v.parse(v.array(deadLetterRow), results);
}

/** The dead letters that a replay still has: a cancel takes them back, and another consumer may have finished them. */
export async function loadStillReplaying(
  db: D1Database,
  replayId: string,
  deadLetters: readonly ReplayingDeadLetter[],
): Promise<ReplayingDeadLetter[]> {
  const ids = JSON.stringify(deadLetters.map(({ id }) => id));
  const { results } = await db.prepare(SELECT_STILL_REPLAYING).bind(replayId, ids).all();
  return v.parse(v.array(deadLetterRow), results);
}

/** Makes the effects behind dead letters due again, and closes the dead letters. */
export async function replayEffects(
  db: D1Database,
  replayId: string,
  deadLetters: readonly ReplayingDeadLetter[],
  now: string,
): Promise<void> {
  const ids = JSON.stringify(deadLetters.map(({ id }) => id));
  await db.batch([
    db.prepare(REPLAY_REPORTS).bind(ids, replayId, now),
    db.prepare(REPLAY_CANCELS).bind(ids, replayId, now),
    db.prepare(REPLAY_EVENTS).bind(ids, replayId),
    db.prepare(CLOSE).bind(ids, replayId, now),
  ]);
}

/**
 * Stores how far a replay is, releases it, and ends it if nothing is left.
 * @returns whether it goes on
 */
export async function settleReplay(
  db: D1Database,
  id: string,
  pacedAt: string | null,
  now: string,
): Promise<boolean> {
  const [, row] = await db.batch<Record<string, unknown>>([
    db.prepare(SETTLE).bind(id, pacedAt, now),
    db.prepare("SELECT status FROM replays WHERE id = ?1").bind(id),
  ]);
  return row?.results[0]?.status === "running";
}

const CLAIM = `
  UPDATE replays SET lease_until = ?2 WHERE status = 'running' AND (lease_until IS NULL OR lease_until < ?1)
  RETURNING id, requested_at, coalesce(rate, 0) AS rate, paced_at`;

const SELECT_REPLAYING = `
  SELECT id, kind, validation_id, body FROM dead_letters
  WHERE status = 'replaying' AND replay_id = ?1 ORDER BY died_at, id LIMIT ?2`;

const SELECT_STILL_REPLAYING = `
  SELECT l.id, l.kind, l.validation_id, l.body FROM json_each(?2) k CROSS JOIN dead_letters l ON l.id = k.value
  WHERE l.status = 'replaying' AND l.replay_id = ?1 ORDER BY l.died_at, l.id`;

/** The validations behind the dead letters that the replay still has. */
const heldOf = (kind: ReplayingDeadLetter["kind"]): string => `
  SELECT l.validation_id FROM json_each(?1) k CROSS JOIN dead_letters l ON l.id = k.value
  WHERE l.kind = '${kind}' AND l.status = 'replaying' AND l.replay_id = ?2`;

/** What another state has made due meanwhile is left as it is. */
const REPLAY_REPORTS = `
  UPDATE reports SET status = 'due', attempts = 0, due_at = ?3, wanted_at = ?3, revision = revision + 1
  WHERE status = 'dead' AND validation_id IN (${heldOf("report")})`;

const REPLAY_CANCELS = `
  UPDATE cancels SET status = 'due', attempts = 0, due_at = ?3, done_at = NULL
  WHERE status = 'dead' AND validation_id IN (${heldOf("cancel")})`;

/** After the effects: those due at this moment are due because of it. */
const outcomeOf = (table: string, time: string): string => `
  coalesce(
    (SELECT CASE WHEN e.status = 'due' AND e.${time} = ?3 THEN 'due again' ELSE 'not sent again: it is ' || e.status END
     FROM ${table} e WHERE e.validation_id = dead_letters.validation_id),
    'not sent again: its validation is gone')`;

const EVENT_OUTCOME = `
  CASE WHEN EXISTS (SELECT 1 FROM validations v WHERE v.id = dead_letters.validation_id) THEN 'due again'
       ELSE 'not sent again: its validation is gone' END`;

const CLOSE = `
  UPDATE dead_letters SET
    status = 'replayed', closed_at = ?3,
    outcome = CASE kind WHEN 'report' THEN ${outcomeOf("reports", "wanted_at")}
                        WHEN 'cancel' THEN ${outcomeOf("cancels", "due_at")}
                        ELSE ${EVENT_OUTCOME} END
  WHERE id IN (SELECT l.id FROM json_each(?1) k CROSS JOIN dead_letters l ON l.id = k.value
               WHERE l.status = 'replaying' AND l.replay_id = ?2)`;

/** Dead letters are counted, and not steps: what a consumer did before it crashed counts as well. */
const SETTLE = `
  UPDATE replays SET
    replayed = total - n, lease_until = NULL, paced_at = coalesce(?2, paced_at),
    status = CASE n WHEN 0 THEN 'done' ELSE status END, finished_at = CASE n WHEN 0 THEN ?3 END
  FROM (SELECT count(*) AS n FROM dead_letters WHERE status = 'replaying' AND replay_id = ?1)
  WHERE id = ?1 AND status = 'running'`;
