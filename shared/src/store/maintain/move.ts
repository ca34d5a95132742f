/**
 * Moves rows from the tables of earlier schemas, which a migration has renamed, to those of this one. A migration cannot
 * copy a large table: D1 stops a statement after 30 s. So rows are moved in pieces, each in one transaction, the newest
 * first. Whatever interrupts it, the next piece goes on with the rows that are left.
 */
import * as v from "valibot";
import { seqFrom } from "../sql/seq.ts";

/** What is under way comes first, along the index of it. */
const LIVE = "state IN ('queued', 'dispatching', 'pending', 'running')";

interface Move {
  /** A query that has a row for as long as there is something to move. */
  readonly left: string;
  /** Of one piece. The last statements delete what the others have copied. */
  readonly statements: readonly string[];
}

const COLUMNS_OF_DELIVERIES = `
  id, event, action, repository_id, repository, sender, received_at, recorded_at, outcome, reason, validation_id,
  occurred_at, delivered_at, throttled_at, recovered_at, secret, fingerprint, digest`;

const newest = (table: string, rows: number): string =>
  `SELECT rowid FROM ${table} ORDER BY rowid DESC LIMIT ${rows}`;

const COLUMNS_OF_VALIDATIONS = `
  id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref, head_sha, base_sha, run, cause,
  delivery_id, state, conclusion, lane, turn, attempts, due_at, lease_id, lease_until, grainchain_id, error, results,
  created_at, dispatched_at, started_at, finished_at, heard_at, watch_until, updated_at, version, late_callbacks,
  late_results, live_callbacks, resendable, fork, head_repository, author, author_association, trusted, reason,
  approved_at, tree_sha, reused_from`;

/** Their timeline becomes part of their row. @param rows query of the rows of one piece */
function movesOfValidations(rows: string): readonly string[] {
  const ids = `SELECT id FROM validations_before WHERE rowid IN (${rows})`;
  const entries = `
    SELECT t.*, row_number() OVER (PARTITION BY t.validation_id ORDER BY t.id) AS n FROM timeline_before t`;
  return [
    `INSERT INTO validations (seq, ${COLUMNS_OF_VALIDATIONS}, watch_from, timeline)
     SELECT ${seqFrom("created_at", "rowid")}, ${COLUMNS_OF_VALIDATIONS},
            CASE WHEN state IN ('pending', 'running') THEN coalesce(heard_at, updated_at) END,
            (SELECT json_group_array(json_array(t.n, t.at, t.from_state, t.to_state, t.reason, t.delivery_id))
             FROM (${entries} WHERE t.validation_id = validations_before.id ORDER BY t.id) t)
     FROM validations_before WHERE rowid IN (${rows})`,
    `INSERT INTO timeline_results (validation_id, n, results_of, only_results, results)
     SELECT t.validation_id, t.n, t.results_of, t.only_results, t.results
     FROM (${entries} WHERE t.validation_id IN (${ids})) t WHERE t.results IS NOT NULL`,
    `INSERT INTO returned_dispatches (at, reason)
     SELECT t.at, t.reason FROM timeline_before t
     WHERE t.from_state = 'dispatching' AND t.to_state = 'queued' AND t.validation_id IN (${ids})
     ON CONFLICT (at) DO NOTHING`,
    `DELETE FROM timeline_before WHERE validation_id IN (${ids})`,
    `DELETE FROM validations_before WHERE rowid IN (${rows})`,
  ];
}

/** Rows of one piece: their statements take well under a second. */
const PIECE = { validations: 2_000, deliveries: 5_000 } as const;

const LIVE_WORK: Move = {
  left: `SELECT 1 FROM validations_before WHERE ${LIVE}`,
  statements: movesOfValidations(
    `SELECT rowid FROM validations_before WHERE ${LIVE} ORDER BY repository_id, subject, rowid LIMIT ${PIECE.validations}`,
  ),
};

const HISTORY: readonly Move[] = [
  {
    left: "SELECT 1 FROM deliveries_before",
    statements: [
      `INSERT INTO deliveries (seq, ${COLUMNS_OF_DELIVERIES})
       SELECT ${seqFrom("received_at", "rowid")}, ${COLUMNS_OF_DELIVERIES} FROM deliveries_before
       WHERE rowid IN (${newest("deliveries_before", PIECE.deliveries)})`,
      `DELETE FROM deliveries_before WHERE rowid IN (${newest("deliveries_before", PIECE.deliveries)})`,
    ],
  },
  {
    left: "SELECT 1 FROM validations_before",
    statements: movesOfValidations(newest("validations_before", PIECE.validations)),
  },
];

/** The tables of earlier schemas: their rows as far as they are under way, or all. */
export type Moved = "live work" | "everything";

/**
 * Moves one piece.
 * @returns whether there was one
 */
export async function movePiece(db: D1Database, what: Moved): Promise<boolean> {
  const moves = what === "live work" ? [LIVE_WORK] : [LIVE_WORK, ...HISTORY];
  const left = moves.map((one, index) => `SELECT ${index} AS move WHERE EXISTS (${one.left})`);
  const { results } = await db.prepare(left.join(" UNION ALL ")).all();
  const [first] = v.parse(v.array(leftRow), results);
  const statements = moves[first?.move ?? moves.length]?.statements;
  if (statements === undefined) return false;
  await db.batch(statements.map((sql) => db.prepare(sql)));
  return true;
}

const leftRow = v.object({ move: v.number() });
