/** Re-runs and cancels of many validations in the operator API. Their progress is a replay's. */
import * as v from "valibot";
import { repo, timeQuery } from "./page.ts";
import { rateAndReason } from "./replay.ts";
import { scopeOf } from "./scope.ts";
import { validationItem, validationStates } from "./validation.ts";

export const BULK_ACTIONS = ["rerun", "cancel"] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

export const validationFilter = v.strictObject({
  ...timeQuery,
  repo,
  /** `pull_request`, `merge_group` or `push`. */
  event: v.optional(v.string()),
  state: v.optional(validationStates),
  pr: v.optional(v.pipe(v.string(), v.regex(/^\d{1,10}$/))),
});
export type ValidationFilter = v.InferOutput<typeof validationFilter>;

/** Which validations: by id, by filter, or all. Exactly one of the three. */
export const validationScope = scopeOf(validationFilter);
export type ValidationScope = v.InferOutput<typeof validationScope>;

/** The body of `POST /api/validations/rerun` and `…/cancel`. */
export const bulkRequest = v.strictObject({ scope: validationScope, ...rateAndReason });
export type BulkRequest = v.InferInput<typeof bulkRequest>;

/** The result of a dry run. */
export const bulkPreview = v.object({
  dry_run: v.literal(true),
  total: v.number(),
  /** The first few of them. */
  sample: v.array(validationItem),
});
export type BulkPreview = v.InferOutput<typeof bulkPreview>;
