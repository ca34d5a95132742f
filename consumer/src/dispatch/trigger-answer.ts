/** Grainchain's answer to a trigger, and what it means for the validation. */
import { type Failure, MAX_ERROR_BYTES } from "@webhook-gateway/shared/domain/failure.ts";
import { isObject, type ResultsObject } from "@webhook-gateway/shared/domain/results/summary.ts";
import { type Judgement, judge } from "@webhook-gateway/shared/domain/results/verdict.ts";
import { GRAINCHAIN_STATUSES, type GrainchainStatus } from "@webhook-gateway/shared/domain/validation.ts";
import { isGrainchainId } from "@webhook-gateway/shared/runs/grainchain-id.ts";
import { cutText } from "@webhook-gateway/shared/text/text.ts";
import * as v from "valibot";

/** Grainchain accepted the validation. */
export interface Accepted {
  readonly class: "accepted";
  /** Null if the answer has none. */
  readonly grainchainId: string | null;
  readonly status: Exclude<GrainchainStatus, "failed">;
  /** As a callback's. */
  readonly success: boolean;
  readonly error: string | null;
  /** Of a completed validation. */
  readonly results: ResultsObject | null;
}

export const UNREADABLE: Failure = {
  class: "retryable",
  error: "Grainchain's answer could not be read",
};

export type TriggerOutcome = Accepted | Failure;

export const triggerAnswer = v.object({
  success: v.optional(v.boolean()),
  message: v.optional(v.string(), ""),
  validation_id: v.optional(v.nullable(v.string()), null),
  status: v.picklist(GRAINCHAIN_STATUSES),
  error_class: v.optional(v.nullable(v.string())),
  // Read only if it has completed.
  results: v.fallback(v.nullable(v.custom<ResultsObject>(isObject)), null),
});
type TriggerAnswer = v.InferOutput<typeof triggerAnswer>;

/** The meaning of a 2xx answer: with `failed` at trigger time a server says that it is full. */
export function outcomeOf(item: TriggerAnswer, retryAfterMs: number | undefined): TriggerOutcome {
  const detail = cutText(item.message, MAX_ERROR_BYTES);
  if (item.error_class === "permanent") return { class: "permanent", error: detail || "refused permanently" };
  if (item.status === "failed") {
    // CodegenApp's servers still say `success` and "Validation triggered": that is not a reason.
    const error = (item.success === true ? "" : detail) || "Grainchain is at capacity";
    return { class: "backpressure", error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  const grainchainId = item.validation_id ?? null;
  if (grainchainId !== null && !isGrainchainId(grainchainId)) return UNREADABLE;
  return {
    class: "accepted",
    grainchainId,
    status: item.status,
    ...verdictOn(item),
    results: item.status === "completed" ? item.results : null,
  };
}

/** An accepted request has `success` as well: only `false` says something about the change. */
function verdictOn({ status, success, results }: TriggerAnswer): Judgement {
  if (status === "completed" && success === false) return { success, error: null };
  return judge(status, results);
}
