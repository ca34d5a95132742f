/** Answers to commands in comments: an outbox, one row a delivery. */
import * as v from "valibot";
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

/** Claims reactions that are due by putting off their time until the lease has run out. */
export async function claimReactions(
  db: D1Database,
  { now, leaseUntil, limit }: Omit<Lease, "leaseId">,
): Promise<DueReaction[]> {
  const { results } = await db.prepare(CLAIM_REACTIONS).bind(now, leaseUntil, limit).all();
  return v.parse(v.array(reactionRow), results);
}

const CLAIM_REACTIONS = `
  UPDATE reactions SET due_at = ?2 WHERE delivery_id IN (
    SELECT delivery_id FROM reactions WHERE status = 'due' AND due_at <= ?1 ORDER BY due_at LIMIT ?3)
  RETURNING delivery_id, repository_id, repository, comment_id, content, attempts,
    (SELECT p.installation_id FROM repositories p WHERE p.repository_id = reactions.repository_id) AS installation_id,
    (SELECT p.installation_at FROM repositories p WHERE p.repository_id = reactions.repository_id) AS installation_at`;
