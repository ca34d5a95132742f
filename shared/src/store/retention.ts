/** Deletes what is old, in chunks that D1 does in a moment (10,000 rows are too many for one statement, docs 2026-11). */
import * as v from "valibot";

export interface Horizons {
  /** Deliveries received before it, and what only they explain. */
  readonly deliveriesBefore: string;
  /** Validations that finished before it, with their timeline and their effects. */
  readonly validationsBefore: string;
  /** Results that wait for a callback which never came. */
  readonly strayResultsBefore: string;
}

/** Rows of one kind that one step deletes. */
export const CHUNK = 1000;

/** Deletes one chunk of every kind. @returns the most that any kind had: with a full chunk there may be more */
export async function deleteChunk(db: D1Database, horizons: Horizons): Promise<number> {
  const { deliveriesBefore, validationsBefore, strayResultsBefore } = horizons;
  const [old] = await db.batch<Record<string, unknown>>([
    db.prepare(SELECT_OLD_VALIDATIONS).bind(validationsBefore),
  ]);
  const ids = v.parse(v.array(v.object({ id: v.string() })), old?.results ?? []).map(({ id }) => id);
  const validations = JSON.stringify(ids);
  const results = await db.batch([
    ...["timeline", "reports", "cancels"].map((table) =>
      db
        .prepare(`DELETE FROM ${table} WHERE validation_id IN (SELECT value FROM json_each(?1))`)
        .bind(validations),
    ),
    db
      .prepare("DELETE FROM validations WHERE id IN (SELECT value FROM json_each(?1)) AND finished_at < ?2")
      .bind(validations, validationsBefore),
    ...DELETE_BEFORE.map(([sql, kind]) =>
      db.prepare(sql).bind({ deliveriesBefore, validationsBefore, strayResultsBefore }[kind]),
    ),
  ]);
  // A validation has many rows in its timeline: those do not say that there are more validations.
  return Math.max(ids.length, ...results.slice(4).map(({ meta }) => meta.changes));
}

/** A letter keeps its validation: a replay needs it. */
const SELECT_OLD_VALIDATIONS = `
  SELECT id FROM validations WHERE finished_at < ?1 AND NOT EXISTS (
    SELECT 1 FROM dead_letters l WHERE l.validation_id = validations.id AND l.status IN ('open', 'replaying'))
  ORDER BY finished_at LIMIT ${CHUNK}`;

const DELETE_BEFORE: readonly (readonly [sql: string, horizon: keyof Horizons])[] = [
  // A delivery whose validation has not ended explains it still.
  [
    `DELETE FROM deliveries WHERE id IN (
       SELECT d.id FROM deliveries d WHERE d.received_at < ?1 AND NOT EXISTS (
         SELECT 1 FROM validations w WHERE w.id = d.validation_id AND w.finished_at IS NULL)
       ORDER BY d.received_at LIMIT ${CHUNK})`,
    "deliveriesBefore",
  ],
  [
    `DELETE FROM callbacks_unmatched WHERE id IN (
       SELECT id FROM callbacks_unmatched WHERE received_at < ?1 ORDER BY received_at LIMIT ${CHUNK})`,
    "deliveriesBefore",
  ],
  [
    `DELETE FROM reactions WHERE delivery_id IN (
       SELECT delivery_id FROM reactions WHERE wanted_at < ?1 ORDER BY wanted_at LIMIT ${CHUNK})`,
    "deliveriesBefore",
  ],
  [
    `DELETE FROM reconciles WHERE id IN (
       SELECT id FROM reconciles WHERE requested_at < ?1 AND finished_at IS NOT NULL
       ORDER BY requested_at LIMIT ${CHUNK})`,
    "deliveriesBefore",
  ],
  [
    `DELETE FROM callback_results WHERE id IN (
       SELECT id FROM callback_results WHERE created_at < ?1 ORDER BY created_at LIMIT ${CHUNK})`,
    "strayResultsBefore",
  ],
  [
    `DELETE FROM dead_letters WHERE id IN (
       SELECT id FROM dead_letters WHERE closed_at < ?1 ORDER BY closed_at LIMIT ${CHUNK})`,
    "validationsBefore",
  ],
  [
    `DELETE FROM replays WHERE id IN (
       SELECT id FROM replays WHERE finished_at < ?1 ORDER BY requested_at LIMIT ${CHUNK})`,
    "validationsBefore",
  ],
  // A subject nobody has touched for so long, of which no run is left. Should it wake, it is made anew.
  [
    `DELETE FROM subjects WHERE (repository_id, subject) IN (
       SELECT s.repository_id, s.subject FROM subjects s WHERE s.at < ?1 AND NOT EXISTS (
         SELECT 1 FROM validations w WHERE w.repository_id = s.repository_id AND w.subject = s.subject)
       ORDER BY s.at LIMIT ${CHUNK})`,
    "validationsBefore",
  ],
];
