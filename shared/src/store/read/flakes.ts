/** Flaky steps: they passed in one run of a commit and failed in another. */
import * as v from "valibot";
import { FLAKE_DAYS, type FlakeItem, type FlakeQuery, flakeItem } from "../../api/flake.ts";
import { isoTime } from "../../text/iso-time.ts";
import { currentNameOf, loadNames } from "../repository-names.ts";
import { STEP_OUTCOME, stepsOf } from "../sql/digest.ts";

/** Commits that were run again are looked at, the latest first. */
const MAX_COMMITS = 2000;
const MAX_ITEMS = 200;

/** Steps, the flakiest first. What was never run again cannot show that it is flaky, and is not read. */
export async function listFlakes(
  db: D1Database,
  { repo, since }: FlakeQuery,
  now: Date,
): Promise<FlakeItem[]> {
  const from = since === undefined ? now.getTime() - FLAKE_DAYS * 86_400_000 : Date.parse(since);
  const repository = repo === undefined ? null : ((await loadNames(db, repo)).id ?? -1);
  const { results } = await db.prepare(SELECT_FLAKES).bind(isoTime(from), repository).all();
  return v.parse(v.array(flakeItem), results);
}

const SELECT_FLAKES = `
  WITH
    again AS MATERIALIZED (
      SELECT DISTINCT repository_id, head_sha FROM (
        SELECT repository_id, head_sha FROM validations
        WHERE run > 1 AND conclusion IS NOT NULL AND finished_at >= ?1 AND (?2 IS NULL OR repository_id = ?2)
        ORDER BY finished_at DESC LIMIT ${MAX_COMMITS})),
    step AS MATERIALIZED (
      SELECT r.repository_id, r.head_sha, r.id, r.finished_at, s.key AS name, ${STEP_OUTCOME} AS outcome
      FROM again a CROSS JOIN validations r ON r.head_sha = a.head_sha AND r.repository_id = a.repository_id
        AND r.conclusion IS NOT NULL
        CROSS JOIN ${stepsOf("r.results")}),
    flaky AS (
      SELECT repository_id, head_sha, name, sum(outcome = 'passed') AS passed, sum(outcome = 'failed') AS failed,
             max(finished_at) AS last_at, max(CASE outcome WHEN 'failed' THEN id END) AS failed_id
      FROM step WHERE outcome IS NOT NULL GROUP BY repository_id, head_sha, name HAVING passed > 0 AND failed > 0)
  SELECT coalesce(${currentNameOf("f.repository_id")}, '?') AS repository, f.name AS step, count(*) AS commits,
         sum(f.passed) AS passed, sum(f.failed) AS failed, max(f.last_at) AS last_at, f.head_sha,
         f.failed_id AS failed_validation_id
  FROM flaky f GROUP BY f.repository_id, f.name
  ORDER BY commits DESC, last_at DESC LIMIT ${MAX_ITEMS}`;
