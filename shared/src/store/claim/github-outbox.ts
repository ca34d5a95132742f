/** Outboxes of GitHub that have one row a delivery. */
import * as v from "valibot";
import { type DeliveryFact, parseFact } from "../../messages/fact.ts";
import { credentialOf, DUE_INSTALLATIONS, limitedUntil } from "../sql/limit.ts";
import type { Lease } from "./lease.ts";

const common = {
  delivery_id: v.string(),
  repository_id: v.number(),
  repository: v.string(),
  attempts: v.number(),
  installation_id: v.nullable(v.number()),
  installation_at: v.nullable(v.string()),
};

/** An approval whose sender's permission GitHub is to be asked for. */
const approvalRow = v.object({
  ...common,
  login: v.string(),
  /** The delivery that asks. */
  fact: v.pipe(
    v.string(),
    v.parseJson(),
    v.transform(parseFact),
    v.custom<DeliveryFact>((fact) => (fact as Partial<DeliveryFact> | undefined)?.kind === "delivery"),
  ),
});
export type DueApproval = v.InferOutput<typeof approvalRow>;

/** An answer to a command in a comment. */
const reactionRow = v.object({
  ...common,
  comment_id: v.number(),
  content: v.picklist(["+1", "confused"]),
});
export type DueReaction = v.InferOutput<typeof reactionRow>;

type Claim<Row> = (
  db: D1Database,
  mode: "app" | "token",
  lease: Omit<Lease, "leaseId">,
) => Promise<readonly Row[]>;

/**
 * Claims what is due by putting off its time until the lease has run out. Installations take turns, and those that may
 * not send yet are left out.
 * @param request whether it can wait, and whether it creates something
 */
const claimOf = <Row>(
  table: "approvals" | "reactions",
  row: v.GenericSchema<unknown, Row> & { readonly entries: object },
  request: { readonly minor: string; readonly creates: string },
): Claim<Row> => {
  const ofRepository = (column: string): string =>
    `(SELECT p.${column} FROM repositories p WHERE p.repository_id = ${table}.repository_id) AS ${column}`;
  const columns = Object.keys(row.entries).map((name) =>
    name.startsWith("installation_") ? ofRepository(name) : name,
  );
  const sql = `
    UPDATE ${table} SET due_at = ?2 WHERE delivery_id IN (
      WITH RECURSIVE ${DUE_INSTALLATIONS(table)},
      free AS MATERIALIZED (
        SELECT i.id FROM installation i LEFT JOIN limits l ON l.credential = ${credentialOf("i.id", "?4")}
        WHERE i.id IS NOT NULL AND ${limitedUntil("l", request)} <= ?1)
      SELECT o.delivery_id FROM free f CROSS JOIN ${table} o ON o.delivery_id IN (
        SELECT d.delivery_id FROM ${table} d WHERE d.status = 'due' AND d.installation_id = f.id AND d.due_at <= ?1
        ORDER BY d.due_at LIMIT (SELECT CAST(max(1, ?3 / count(*)) AS INTEGER) FROM free))
      ORDER BY random() LIMIT ?3)
    RETURNING ${columns.join(", ")}`;
  return async (db, mode, { now, leaseUntil, limit }) => {
    const { results } = await db.prepare(sql).bind(now, leaseUntil, limit, mode).all();
    return v.parse(v.array(row), results);
  };
};

/** Somebody waits for the answer. */
export const claimApprovals = claimOf("approvals", approvalRow, { minor: "false", creates: "false" });

/** They create something, and can wait. */
export const claimReactions = claimOf("reactions", reactionRow, { minor: "true", creates: "true" });
