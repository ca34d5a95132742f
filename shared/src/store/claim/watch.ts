/** Validations at Grainchain from which nothing has been heard for too long. */
import type { Validation } from "../rows.ts";
import { parseValidations, VALIDATION_COLUMNS } from "../validation-row.ts";

export interface WatchRequest {
  readonly now: string;
  readonly leaseUntil: string;
  /** Heard of before this time: silent. */
  readonly silentSince: string;
  readonly limit: number;
}

/** Claims silent validations, the longest silent first. What another watchdog has claimed is passed over. */
export async function claimSilent(db: D1Database, request: WatchRequest): Promise<Validation[]> {
  const { now, leaseUntil, silentSince, limit } = request;
  const { results } = await db.prepare(CLAIM_SILENT).bind(leaseUntil, now, silentSince, limit).all();
  return parseValidations(results);
}

/** The lease only keeps others from asking meanwhile: what happens to the row without it is no conflict. */
const CLAIM_SILENT = `
  UPDATE validations SET watch_until = ?1 WHERE id IN (
    SELECT id FROM validations
    WHERE state IN ('pending', 'running') AND heard_at < ?3 AND (watch_until IS NULL OR watch_until < ?2)
    ORDER BY heard_at LIMIT ?4)
  RETURNING ${VALIDATION_COLUMNS.replaceAll("v.", "")}`;
