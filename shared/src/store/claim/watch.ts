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
  const [, claimed] = await db.batch([
    db.prepare(LOOK_LATER).bind(heardBefore, LOOKED_AT),
    db.prepare(CLAIM_STALE).bind(leaseUntil, now, heardBefore, limit),
  ]);
  const results = claimed?.results ?? [];
  const flags = v.parse(v.array(sharedRow), results);
  return parseValidations(results).map((row, index) => ({ row, shared: flags[index]?.shared === true }));
}

const sharedRow = v.object({ shared: flag });

/** Validations that one look passes over, because something was heard of them. */
const LOOKED_AT = 1_000;

/** A callback does not write the index of what is looked at, so it is brought up to date here. */
const LOOK_LATER = `
  UPDATE validations SET watch_from = heard_at WHERE seq IN (
    SELECT seq FROM validations WHERE watch_from < ?1 AND heard_at >= ?1 ORDER BY watch_from LIMIT ?2)`;

/** The lease only keeps others from asking meanwhile. A row that changes without it is not a conflict. */
const CLAIM_STALE = `
  UPDATE validations SET watch_until = ?1 WHERE seq IN (
    SELECT seq FROM validations
    WHERE watch_from < ?3 AND heard_at < ?3 AND (watch_until IS NULL OR watch_until < ?2)
    ORDER BY watch_from LIMIT ?4)
  RETURNING ${VALIDATION_FIELDS.join(", ")}, EXISTS (
    SELECT 1 FROM validations other WHERE other.grainchain_id = validations.grainchain_id
      AND other.id <> validations.id AND other.finished_at IS NULL) AS shared`;
