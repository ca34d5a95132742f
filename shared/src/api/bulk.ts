/** Re-runs and cancels of many validations in the operator API. Their progress is a replay's. */
import * as v from "valibot";
import { rateAndReason } from "./replay.ts";
import { validationItem } from "./validation.ts";
import { validationScope } from "./validation-scope.ts";

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
