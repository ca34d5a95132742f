/** Steps that passed and failed on one commit, in the operator API. */
import * as v from "valibot";
import { repo, time, timeQuery } from "./page.ts";

export const flakeItem = v.object({
  repository: v.string(),
  step: v.string(),
  /** Commits on which it passed and failed. */
  commits: v.number(),
  /** Its runs on those commits. */
  passed: v.number(),
  failed: v.number(),
  /** When the last of those runs ended. */
  last_at: time,
  /** That run's commit, and a run of it in which the step failed. */
  head_sha: v.string(),
  failed_validation_id: v.string(),
});
export type FlakeItem = v.InferOutput<typeof flakeItem>;

export const flakeQuery = v.strictObject({
  repo,
  /** Runs that ended since; by default for {@link FLAKE_DAYS}. */
  since: timeQuery.since,
});

export type FlakeQuery = v.InferOutput<typeof flakeQuery>;

/** So far back, unless it is asked for another time. */
export const FLAKE_DAYS = 14;
