/**
 * Deletes what is old, in small chunks: 10,000 rows are too many for one statement
 * (https://developers.cloudflare.com/d1/best-practices/query-d1/).
 */
import { firstSeqOf } from "../seq-sql.ts";
import { DELETE_OLD_TALLIES } from "../tallies.ts";
import { isFull } from "../unavailable.ts";
import { deleteSomeSubjects } from "./retention-subjects.ts";

export interface Horizons {
  /** Deliveries received and recorded before it, and what only they explain. */
  readonly deliveriesBefore: string;
  /** What ended before it. Validations are deleted by `deleteValidations`. */
  readonly validationsBefore: string;
  /** What people asked for before it. */
  readonly actionsBefore: string;
  /** Results that wait for a callback that never arrived. */
  readonly strayResultsBefore: string;
}

/** Rows of one kind that one step deletes. */
export const CHUNK = 1000;
/** Of deliveries, on which nothing depends: in the 25 steps of a minute more than arrive at 1,000 a second. */
const DELIVERIES_CHUNK = 3 * CHUNK;

/** What one step deleted. */
export interface Deleted {
  /** The most that any kind had: with a full chunk there may be more. */
  readonly most: number;
  /** The size of the database after it. */
  readonly bytes: number;
}

/**
 * Deletes one chunk of every kind but validations, in one transaction. A full database takes deletions only: then it does
 * not look at subjects, because how far that was has to be stored.
 */
export async function deleteChunk(db: D1Database, horizons: Horizons): Promise<Deleted> {
  const deletes = () => DELETES.map(({ sql, before }) => db.prepare(sql).bind(horizons[`${before}Before`]));
  try {
    const subjects = await deleteSomeSubjects(db, horizons.validationsBefore);
    return deletedBy(await db.batch([...deletes(), ...subjects]));
  } catch (thrown) {
    if (!isFull(thrown)) throw thrown;
    return deletedBy(await db.batch(deletes()));
  }
}

const deletedBy = (results: readonly D1Result[]): Deleted => ({
  most: Math.max(
    ...DELETES.map(({ follows }, i) => (follows === true ? 0 : (results[i]?.meta.changes ?? 0))),
  ),
  bytes: results.at(-1)?.meta.size_after ?? 0,
});

interface Delete {
  readonly sql: string;
  readonly before: "deliveries" | "validations" | "actions" | "strayResults";
  /** It deletes rows that depend on others, which are counted themselves. */
  readonly follows?: true;
}

const DELETES: readonly Delete[] = [
  // A late delivery was received long before it was recorded. One whose validation has not ended still explains it.
  {
    sql: `DELETE FROM deliveries WHERE seq IN (
            SELECT d.seq FROM deliveries d WHERE d.seq < ${firstSeqOf("?1")} AND d.recorded_at < ?1 AND NOT EXISTS (
              SELECT 1 FROM validations w WHERE w.id = d.validation_id AND w.finished_at IS NULL)
            ORDER BY d.seq LIMIT ${DELIVERIES_CHUNK})`,
    before: "deliveries",
  },
  {
    sql: `DELETE FROM returned_dispatches WHERE at IN (
            SELECT at FROM returned_dispatches WHERE at < ?1 ORDER BY at LIMIT ${CHUNK})`,
    before: "validations",
  },
  { sql: DELETE_OLD_TALLIES, before: "deliveries", follows: true },
  {
    sql: `DELETE FROM callbacks_unmatched WHERE id IN (
            SELECT id FROM callbacks_unmatched WHERE received_at < ?1 ORDER BY received_at LIMIT ${CHUNK})`,
    before: "deliveries",
  },
  {
    sql: `DELETE FROM reactions WHERE delivery_id IN (
            SELECT delivery_id FROM reactions WHERE wanted_at < ?1 ORDER BY wanted_at LIMIT ${CHUNK})`,
    before: "deliveries",
  },
  {
    sql: `DELETE FROM approvals WHERE delivery_id IN (
            SELECT delivery_id FROM approvals WHERE wanted_at < ?1 ORDER BY wanted_at LIMIT ${CHUNK})`,
    before: "deliveries",
  },
  {
    sql: `DELETE FROM audits WHERE id IN (
            SELECT id FROM audits WHERE requested_at < ?1 AND finished_at IS NOT NULL
            ORDER BY requested_at LIMIT ${CHUNK})`,
    before: "deliveries",
  },
  {
    sql: `DELETE FROM reconciles WHERE id IN (
            SELECT id FROM reconciles WHERE requested_at < ?1 AND finished_at IS NOT NULL
            ORDER BY requested_at LIMIT ${CHUNK})`,
    before: "deliveries",
  },
  {
    sql: `DELETE FROM operator_actions WHERE id IN (
            SELECT id FROM operator_actions WHERE at < ?1 ORDER BY at LIMIT ${CHUNK})`,
    before: "actions",
  },
  // A callback that could not be recorded has its results here, until its dead letter is replayed.
  {
    sql: `DELETE FROM callback_results WHERE id IN (
            SELECT r.id FROM callback_results r WHERE r.created_at < ?1 AND NOT EXISTS (
              SELECT 1 FROM dead_letters l WHERE l.id = 'fact-' || r.id AND l.status IN ('open', 'replaying'))
            ORDER BY r.created_at LIMIT ${CHUNK})`,
    before: "strayResults",
  },
  // They have ended by themselves for days.
  {
    sql: `DELETE FROM revoked_sessions WHERE id IN (
            SELECT id FROM revoked_sessions WHERE expires_at < ?1 ORDER BY expires_at LIMIT ${CHUNK})`,
    before: "strayResults",
  },
  // A dead letter explains its validation, for as long as that exists.
  {
    sql: `DELETE FROM dead_letters WHERE id IN (
            SELECT l.id FROM dead_letters l WHERE l.closed_at < ?1 AND NOT EXISTS (
              SELECT 1 FROM validations w WHERE w.id = l.validation_id)
            ORDER BY l.closed_at LIMIT ${CHUNK})`,
    before: "validations",
  },
  ...["replays", "bulk_commands"].map(
    (table): Delete => ({
      sql: `DELETE FROM ${table} WHERE id IN (
              SELECT id FROM ${table} WHERE requested_at < ?1 AND finished_at < ?1
              ORDER BY requested_at LIMIT ${CHUNK})`,
      before: "validations",
    }),
  ),
];
