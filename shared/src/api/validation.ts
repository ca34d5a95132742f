/** Validations in the operator API. */
import * as v from "valibot";
import { VALIDATION_STATES } from "../domain/validation.ts";
import { pageQuery, time } from "./page.ts";
import { rateAndReason } from "./replay.ts";
import { previewOf } from "./scope.ts";
import { validationFilter, validationScope } from "./validation-scope.ts";

export const validationItem = v.object({
  id: v.string(),
  repository: v.string(),
  /** 0 if it is not about a pull request. */
  pr_number: v.number(),
  pr_url: v.string(),
  /** `pull_request`, `merge_group` or `push`. */
  event: v.string(),
  ref: v.string(),
  head_sha: v.string(),
  base_sha: v.string(),
  run: v.number(),
  state: v.picklist(VALIDATION_STATES),
  conclusion: v.nullable(v.picklist(["success", "failure"])),
  lane: v.picklist(["live", "replay"]),
  attempts: v.number(),
  /** During a backoff: not dispatched before this time. */
  due_at: v.nullable(time),
  grainchain_id: v.nullable(v.string()),
  error: v.nullable(v.string()),
  created_at: time,
  dispatched_at: v.nullable(time),
  started_at: v.nullable(time),
  finished_at: v.nullable(time),
  heard_at: v.nullable(time),
});
export type ValidationItem = v.InferOutput<typeof validationItem>;

export const timelineItem = v.object({
  at: time,
  from_state: v.nullable(v.string()),
  to_state: v.string(),
  reason: v.string(),
  /** The delivery, callback or order behind it. */
  delivery_id: v.nullable(v.string()),
});

export const reportItem = v.object({
  state: v.string(),
  status: v.picklist(["due", "posted", "skipped", "dead"]),
  reason: v.nullable(v.string()),
  error: v.nullable(v.string()),
  attempts: v.number(),
  wanted_at: time,
  due_at: time,
  posted_state: v.nullable(v.string()),
  posted_at: v.nullable(time),
});

/** One validation with its timeline, results and report. */
export const validationDetail = v.object({
  ...validationItem.entries,
  /** When it went from D1 to the archive; null if it is in D1. */
  archived_at: v.nullable(time),
  cause: v.string(),
  delivery_id: v.string(),
  /** Why it is held or skipped. */
  reason: v.nullable(v.string()),
  /** Whether its head is in another repository, or in none any more. */
  fork: v.boolean(),
  head_repository: v.nullable(v.string()),
  author: v.nullable(v.string()),
  author_association: v.nullable(v.string()),
  /** Not from a fork, or by a member, or approved. */
  trusted: v.boolean(),
  /** The tree of the commit, as the results name it; null if they do not. */
  tree_sha: v.nullable(v.string()),
  /** The run of the same files whose success stands for it; null if it ran itself. */
  reused_from: v.nullable(v.string()),
  timeline: v.array(timelineItem),
  report: v.nullable(reportItem),
  /** As Grainchain sent them. */
  results: v.nullable(v.record(v.string(), v.unknown())),
});
export type ValidationDetail = v.InferOutput<typeof validationDetail>;

export const validationQuery = v.strictObject({
  ...pageQuery,
  ...validationFilter.entries,
  sha: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{7,64}$/))),
});

/** An approval of a validation that is held. */
export const approveRequest = v.strictObject({ reason: v.optional(v.pipe(v.string(), v.maxLength(500))) });

/** The answer to a cancel, a re-run or an approval. */
export const commandAnswer = v.object({
  success: v.literal(true),
  message: v.string(),
  validation_id: v.string(),
});

/** The body of `POST /api/validations/rerun` and `…/cancel`, which are about many. Their progress is a replay's. */
export const bulkRequest = v.strictObject({ scope: validationScope, ...rateAndReason });
export type BulkRequest = v.InferInput<typeof bulkRequest>;

/** The result of a dry run. */
export const bulkPreview = previewOf(validationItem);
export type BulkPreview = v.InferOutput<typeof bulkPreview>;
