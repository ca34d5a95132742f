/** A database as large as a busy gateway's, made by SQLite itself. */
import { seqFrom } from "@webhook-gateway/shared/store/sql/seq.ts";
import { recountTallies } from "@webhook-gateway/shared/store/tallies.ts";

const NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)";
const LATER = "strftime('%Y-%m-%dT%H:%M:%S.000Z', 1790000000 + i + 3600, 'unixepoch')";
const TIME = "strftime('%Y-%m-%dT%H:%M:%S.000Z', 1790000000 + i, 'unixepoch')";

const SHA = `substr(lower(printf('%x', i * 7919)) || '${"0".repeat(40)}', 1, 40)`;
const ID = `(i % 10) || '-pr-' || (i % 2000) || '-' || ${SHA} || '-' || i`;

const STATEMENTS = [
  // One in ten of another repository; one in a thousand of an event and an outcome that are rare.
  `${NUMBERS} INSERT INTO deliveries (seq, id, event, action, repository_id, repository, sender, received_at, recorded_at,
     outcome, validation_id, recovered_at)
   SELECT ${seqFrom(TIME, "i")}, 'delivery-' || i, CASE i % 1000 WHEN 7 THEN 'merge_group' ELSE 'pull_request' END, 'opened', i % 10,
     'octo/widgets-' || (i % 10), 'octocat', ${TIME}, ${TIME}, CASE i % 1000 WHEN 8 THEN 'stale' ELSE 'started' END,
     ${ID}, CASE i % 5000 WHEN 9 THEN ${TIME} END FROM n`,
  `${NUMBERS} INSERT INTO validations (seq, id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref,
     head_sha, base_sha, run, cause, delivery_id, state, conclusion, turn, created_at, finished_at, updated_at, timeline,
     version)
   SELECT ${seqFrom(TIME, "i")}, ${ID}, i % 10, 'octo/widgets-' || (i % 10), 'pr-' || (i % 2000),
     CASE i % 1000 WHEN 7 THEN 'push' ELSE 'pull_request' END, i % 2000, '', '', 'topic',
     ${SHA}, '', 1, 'opened', 'delivery-' || i,
     CASE WHEN i % 1000 = 8 THEN 'dead' WHEN i % 5000 = 9 THEN 'running' WHEN i % 50 = 10 THEN 'queued' ELSE 'completed' END,
     CASE WHEN i % 1000 = 8 OR i % 5000 = 9 OR i % 50 = 10 THEN NULL ELSE 'success' END, i, ${TIME},
     CASE WHEN i % 5000 = 9 OR i % 50 = 10 THEN NULL ELSE ${TIME} END, ${TIME},
     json_array(json_array(1, ${TIME}, NULL, 'queued', 'queued by pull_request opened', 'delivery-' || i),
                json_array(2, ${LATER}, 'queued', 'dispatching', 'claimed for dispatch', NULL)), 1 FROM n`,
  // Each repository had another name before, and there are many others.
  `${NUMBERS} INSERT INTO repository_names (name, repository_id, at)
   SELECT CASE WHEN i <= 10 THEN 'octo/widgets-' || (i % 10) WHEN i <= 20 THEN 'octo/former-' || (i % 10)
               ELSE 'octo/other-' || i END,
     CASE WHEN i <= 20 THEN i % 10 ELSE i END, CASE WHEN i <= 10 THEN '2026' ELSE '2025' END FROM n`,
  `${NUMBERS} INSERT INTO returned_dispatches (at, reason) SELECT ${LATER}, 'backpressure: full' FROM n WHERE i % 1000 = 11`,
  `${NUMBERS} INSERT INTO reports (validation_id, state, status, wanted_at, due_at)
   SELECT ${ID}, 'completed', CASE i % 1000 WHEN 5 THEN 'due' ELSE 'posted' END, ${TIME}, ${TIME} FROM n`,
  `${NUMBERS} INSERT INTO cancels (validation_id, grainchain_id, status, reason, wanted_at, due_at)
   SELECT ${ID}, 'g', CASE i % 1000 WHEN 5 THEN 'due' ELSE 'done' END, 'closed', ${TIME}, ${TIME} FROM n`,
  // Nearly all of them are done with.
  `${NUMBERS} INSERT INTO dead_letters (id, kind, class, error, attempts, first_at, died_at, repository, validation_id, status,
     replay_id)
   SELECT 'dispatch-validation-' || i, 'dispatch', 'permanent', '', 1, ${TIME}, ${TIME}, 'octo/widgets-' || (i % 10),
     ${ID}, CASE i % 1000 WHEN 5 THEN 'open' ELSE 'replayed' END, 'replay-' || (i % 100) FROM n`,
  `${NUMBERS} INSERT INTO replays (id, requested_by, requested_at, scope, rate, total, status)
   SELECT 'replay-' || i, 'operator', ${TIME}, '{"all":true}', 60, 10, 'done' FROM n`,
  `${NUMBERS} INSERT INTO reconciles (id, requested_by, requested_at, status) SELECT 'reconcile-' || i, 'cron', ${TIME}, 'done' FROM n`,
];

/** The time of the last of so many rows. */
export const timeOf = (row: number): Date => new Date((1_790_000_000 + row) * 1000);

/** The head of the validation of such a row. */
export const shaOf = (row: number): string => (row * 7919).toString(16).padEnd(40, "0");

/** Fills every large table with so many rows. */
export async function fill(db: D1Database, rows: number): Promise<void> {
  for (const sql of STATEMENTS) await db.prepare(sql).bind(rows).run();
  await recountTallies(db);
}

/** The validation of such a row. */
export const idOf = (row: number): string => `${row % 10}-pr-${row % 2000}-${shaOf(row)}-${row}`;
