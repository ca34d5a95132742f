/** Approvals on GitHub whose sender's permission is to be asked for: an outbox, one row a delivery. */
import * as v from "valibot";
import { type DeliveryFact, parseFact } from "../../messages/fact.ts";
import { credentialOf, DUE_INSTALLATIONS, limitedUntil } from "../limit-sql.ts";
import type { Lease } from "./lease.ts";

const storedFact = v.pipe(v.string(), v.parseJson(), v.transform(parseFact));

const approvalRow = v.object({
  delivery_id: v.string(),
  repository_id: v.number(),
  repository: v.string(),
  login: v.string(),
  /** The delivery that asks. */
  fact: v.pipe(
    storedFact,
    v.custom<DeliveryFact>((fact) => (fact as Partial<DeliveryFact> | undefined)?.kind === "delivery"),
  ),
  attempts: v.number(),
  installation_id: v.nullable(v.number()),
  installation_at: v.nullable(v.string()),
});
export type DueApproval = v.InferOutput<typeof approvalRow>;

/**
 * Claims approvals that are due by putting off their time until the lease has run out. Installations take turns, and
 * those that may not send yet are left out.
 */
export async function claimApprovals(
  db: D1Database,
  mode: "app" | "token",
  { now, leaseUntil, limit }: Omit<Lease, "leaseId">,
): Promise<DueApproval[]> {
  const [claimed] = await db.batch([db.prepare(CLAIM_APPROVALS).bind(now, leaseUntil, limit, mode)]);
  return v.parse(v.array(approvalRow), claimed?.results);
}

/** Somebody waits for the answer. */
const CLAIM_APPROVALS = `
  UPDATE approvals SET due_at = ?2 WHERE delivery_id IN (
    WITH RECURSIVE ${DUE_INSTALLATIONS("approvals")},
    free AS MATERIALIZED (
      SELECT i.id FROM installation i LEFT JOIN limits l ON l.credential = ${credentialOf("i.id", "?4")}
      WHERE i.id IS NOT NULL AND ${limitedUntil("l", { minor: "false", creates: "false" })} <= ?1)
    SELECT a.delivery_id FROM free f CROSS JOIN approvals a ON a.delivery_id IN (
      SELECT d.delivery_id FROM approvals d WHERE d.status = 'due' AND d.installation_id = f.id AND d.due_at <= ?1
      ORDER BY d.due_at LIMIT (SELECT CAST(max(1, ?3 / count(*)) AS INTEGER) FROM free))
    LIMIT ?3)
  RETURNING delivery_id, repository_id, repository, login, fact, attempts,
    (SELECT p.installation_id FROM repositories p WHERE p.repository_id = approvals.repository_id) AS installation_id,
    (SELECT p.installation_at FROM repositories p WHERE p.repository_id = approvals.repository_id) AS installation_at`;
