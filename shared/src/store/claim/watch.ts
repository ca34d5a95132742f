/** Stale validations: at Grainchain, and nothing was heard of them for too long. */
import { parseValidations, VALIDATION_FIELDS, type Validation } from "../validation-row.ts";
import type { Lease } from "./lease.ts";

/**
 * Claims stale validations, the longest without news first. What another watchdog has claimed is skipped.
 * @param heardBefore nothing was heard of them since
 */
export async function claimStale(
  db: D1Database,
  { now, leaseUntil, limit }: Omit<Lease, "leaseId">,
  heardBefore: string,
): Promise<Validation[]> {
  const { results } = await db.prepare(CLAIM_STALE).bind(leaseUntil, now, heardBefore, limit).all();
  return parseValidations(results);
}

/** The lease only keeps others from asking meanwhile. A row that changes without it is no conflict. */
const CLAIM_STALE = `
  UPDATE validations SET watch_until = ?1 WHERE id IN (
    SELECT id FROM validations
    WHERE state IN ('pending', 'running') AND heard_at < ?3 AND (watch_until IS NULL OR watch_until < ?2)
    ORDER BY heard_at LIMIT ?4)
  RETURNING ${VALIDATION_FIELDS.join(", ")}`;
