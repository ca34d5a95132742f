/** Stale validations: at Grainchain, and nothing was heard of them for too long. */
import * as v from "valibot";
import { flag } from "../flag.ts";
import { parseValidations, VALIDATION_FIELDS, type Validation } from "../validation-row.ts";
import type { Lease } from "./lease.ts";

export interface Stale {
  readonly row: Validation;
  /** Another live validation has its Grainchain id: an answer may be about that one. */
  readonly shared: boolean;
}

/**
 * Claims stale validations, the longest without news first. What another watchdog has claimed is skipped.
 * @param heardBefore nothing was heard of them since
 */
export async function claimStale(
  db: D1Database,
  { now, leaseUntil, limit }: Omit<Lease, "leaseId">,
  heardBefore: string,
): Promise<Stale[]> {
  const { results } = await db.prepare(CLAIM_STALE).bind(leaseUntil, now, heardBefore, limit).all();
  const flags = v.parse(v.array(sharedRow), results);
  return parseValidations(results).map((row, index) => ({ row, shared: flags[index]?.shared === true }));
}

const sharedRow = v.object({ shared: flag });

/** The lease only keeps others from asking meanwhile. A row that changes without it is no conflict. */
const CLAIM_STALE = `
  UPDATE validations SET watch_until = ?1 WHERE id IN (
    SELECT id FROM validations
    WHERE state IN ('pending', 'running') AND heard_at < ?3 AND (watch_until IS NULL OR watch_until < ?2)
    ORDER BY heard_at LIMIT ?4)
  RETURNING ${VALIDATION_FIELDS.join(", ")}, EXISTS (
    SELECT 1 FROM validations other WHERE other.grainchain_id = validations.grainchain_id
      AND other.id <> validations.id AND other.finished_at IS NULL) AS shared`;
