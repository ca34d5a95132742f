/**
 * Deletes what is old, in small chunks: 10,000 rows are too many for one statement
 * (https://developers.cloudflare.com/d1/best-practices/query-d1/).
 */
import { firstSeqOf } from "../sql/seq.ts";
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

/** The oldest rows of a table, by an index of its time. @param condition of the rows `r`, beside their age */
const oldest = (
  table: string,
  key: string,
  time: string,
  before: Delete["before"],
  condition = "true",
): Delete => ({
  sql: `DELETE FROM ${table} WHERE ${key} IN (
          SELECT r.${key} FROM ${table} r WHERE r.${time} < ?1 AND ${condition} ORDER BY r.${time} LIMIT ${CHUNK})`,
  before,
});

const DELETES: readonly Delete[] = [
  // A late delivery was received long before it was recorded. One whose validation has not ended still explains it.
  {
    sql: `DELETE FROM deliveries WHERE seq IN (
            SELECT d.seq FROM deliveries d WHERE d.seq < ${firstSeqOf("?1")} AND d.recorded_at < ?1 AND NOT EXISTS (
              SELECT 1 FROM validations w WHERE w.id = d.validation_id AND w.finished_at IS NULL)
            ORDER BY d.seq LIMIT ${DELIVERIES_CHUNK})`,
    before: "deliveries",
  },
  { sql: DELETE_OLD_TALLIES, before: "deliveries", follows: true },
  oldest("returned_dispatches", "at", "at", "validations"),
  oldest("callbacks_unmatched", "id", "received_at", "deliveries"),
  oldest("reactions", "delivery_id", "wanted_at", "deliveries"),
  oldest("approvals", "delivery_id", "wanted_at", "deliveries"),
  oldest("audits", "id", "requested_at", "deliveries", "r.finished_at IS NOT NULL"),
  oldest("reconciles", "id", "requested_at", "deliveries", "r.finished_at IS NOT NULL"),
  oldest("operator_actions", "id", "at", "actions"),
  // A callback that could not be recorded has its results here, until its dead letter is replayed.
  oldest(
    "callback_results",
    "id",
    "created_at",
    "strayResults",
    `NOT EXISTS (
       SELECT 1 FROM dead_letters l WHERE l.id = 'fact-' || r.id AND l.status IN ('open', 'replaying'))`,
  ),
  // They have ended by themselves for days.
  oldest("revoked_sessions", "id", "expires_at", "strayResults"),
  // A dead letter explains its validation, for as long as that exists.
  oldest(
    "dead_letters",
    "id",
    "closed_at",
    "validations",
    "NOT EXISTS (SELECT 1 FROM validations w WHERE w.id = r.validation_id)",
  ),
  oldest("replays", "id", "requested_at", "validations", "r.finished_at < ?1"),
  oldest("bulk_commands", "id", "requested_at", "validations", "r.finished_at < ?1"),
];
