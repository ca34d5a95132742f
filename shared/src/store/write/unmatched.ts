import * as v from "valibot";
import { GRAINCHAIN_STATUSES } from "../../domain/validation.ts";
import { flag } from "../flag.ts";
import type { UnmatchedCallback } from "../rows.ts";

const unmatchedRow = v.object({
  id: v.string(),
  received_at: v.string(),
  given_id: v.string(),
  repository: v.string(),
  pr_number: v.number(),
  status: v.picklist(GRAINCHAIN_STATUSES),
  success: flag,
  error: v.nullable(v.string()),
  occurred_at: v.nullable(v.string()),
  has_results: flag,
});

/**
 * The callbacks that came under these ids and belong to no validation yet, oldest first. Their results stay where
 * they are: see `Results`.
 */
export async function loadUnmatched(
  db: D1Database,
  givenIds: readonly string[],
): Promise<UnmatchedCallback[]> {
  const { results } = await db.prepare(SELECT_UNMATCHED).bind(JSON.stringify(givenIds)).all();
  return v.parse(v.array(unmatchedRow), results).map(({ has_results, ...row }) => ({
    ...row,
    ...(has_results ? { results: { storedUnder: row.id } } : {}),
  }));
}

const SELECT_UNMATCHED = `
  SELECT c.id, c.received_at, c.given_id, c.repository, c.pr_number, c.status, c.success, c.error,
         c.occurred_at, c.results IS NOT NULL AS has_results
  FROM json_each(?1) k CROSS JOIN callbacks_unmatched c ON c.given_id = k.value
  WHERE c.matched_at IS NULL ORDER BY c.received_at`;
