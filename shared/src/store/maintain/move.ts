/**
 * Moves rows from the tables of earlier schemas, which a migration has renamed, to those of this one. A migration cannot
 * copy a large table: D1 stops a statement after 30 s. So rows are moved in pieces, each in one transaction, the newest
 * first. Whatever interrupts it, the next piece goes on with the rows that are left.
 */
import * as v from "valibot";
import { seqFrom } from "../seq-sql.ts";

interface Move {
  /** The table with the rows of until now. */
  readonly from: string;
  /** Of one piece, which takes well under a second. The last statement deletes what the others have copied. */
  readonly statements: readonly string[];
}

const COLUMNS_OF_DELIVERIES = `
  id, event, action, repository_id, repository, sender, received_at, recorded_at, outcome, reason, validation_id,
  occurred_at, delivered_at, throttled_at, recovered_at, secret, fingerprint, digest`;

const newest = (table: string, rows: number): string =>
  `SELECT rowid FROM ${table} ORDER BY rowid DESC LIMIT ${rows}`;

const NEWEST_DELIVERIES = newest("deliveries_before", 5_000);

const MOVES: readonly Move[] = [
  {
    from: "deliveries_before",
    statements: [
      `INSERT INTO deliveries (seq, ${COLUMNS_OF_DELIVERIES})
       SELECT ${seqFrom("received_at", "rowid")}, ${COLUMNS_OF_DELIVERIES} FROM deliveries_before
       WHERE rowid IN (${NEWEST_DELIVERIES})`,
      `DELETE FROM deliveries_before WHERE rowid IN (${NEWEST_DELIVERIES})`,
    ],
  },
];

/**
 * Moves one piece.
 * @returns whether rows are left
 */
export async function movePiece(db: D1Database): Promise<boolean> {
  const left = await loadLeft(db);
  const [next] = MOVES.filter(({ from }) => left.includes(from));
  if (next === undefined) return false;
  await db.batch(next.statements.map((sql) => db.prepare(sql)));
  return true;
}

const leftRow = v.object({ name: v.string() });

/** @returns the tables that still have rows */
async function loadLeft(db: D1Database): Promise<string[]> {
  const { results } = await db.prepare(SELECT_LEFT).all();
  return v.parse(v.array(leftRow), results).map(({ name }) => name);
}

const SELECT_LEFT = MOVES.map(
  ({ from }) => `SELECT '${from}' AS name WHERE EXISTS (SELECT 1 FROM ${from})`,
).join(" UNION ALL ");
