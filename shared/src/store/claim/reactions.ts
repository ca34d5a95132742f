/** Answers to commands in comments: an outbox, one row a delivery. */
import * as v from "valibot";
import { credentialOf, DUE_INSTALLATIONS, limitedUntil } from "../limit-sql.ts";
import type { Lease } from "./lease.ts";

const reactionRow = v.object({
  delivery_id: v.string(),
  repository_id: v.number(),
  repository: v.string(),
  comment_id: v.number(),
  content: v.picklist(["+1", "confused"]),
  attempts: v.number(),
  installation_id: v.nullable(v.number()),
  installation_at: v.nullable(v.string()),
});
export type DueReaction = v.InferOutput<typeof reactionRow>;

/**
 * Claims reactions that are due by putting off their time until the lease has run out. Installations take turns, and
 * those that may not send yet are left out.
 */
export async function claimReactions(
  db: D1Database,
  mode: "app" | "token",
  { now, leaseUntil, limit }: Omit<Lease, "leaseId">,
): Promise<DueReaction[]> {
  const [claimed] = await db.batch([db.prepare(CLAIM_REACTIONS).bind(now, leaseUntil, limit, mode)]);
  return v.parse(v.array(reactionRow), claimed?.results);
}

/** Reactions create something, and can wait. */
const CLAIM_REACTIONS = `
  UPDATE reactions SET due_at = ?2 WHERE delivery_id IN (
    WITH RECURSIVE ${DUE_INSTALLATIONS("reactions")},
    free AS MATERIALIZED (
      SELECT i.id FROM installation i LEFT JOIN limits l ON l.credential = ${credentialOf("i.id", "?4")}
      WHERE i.id IS NOT NULL AND ${limitedUntil("l", { minor: "true", creates: "true" })} <= ?1)
    SELECT r.delivery_id FROM free f CROSS JOIN reactions r ON r.rowid IN (
      SELECT d.rowid FROM reactions d WHERE d.status = 'due' AND d.installation_id = f.id AND d.due_at <= ?1
      ORDER BY d.due_at LIMIT (SELECT CAST(max(1, ?3 / count(*)) AS INTEGER) FROM free))
    ORDER BY random() LIMIT ?3)
  RETURNING delivery_id, repository_id, repository, comment_id, content, attempts,
    (SELECT p.installation_id FROM repositories p WHERE p.repository_id = reactions.repository_id) AS installation_id,
    (SELECT p.installation_at FROM repositories p WHERE p.repository_id = reactions.repository_id) AS installation_at`;
