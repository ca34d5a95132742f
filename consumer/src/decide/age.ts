/** Ends validations that Grainchain has had for too long, whether or not it still reports on them. Pure. */
import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import type { Validation } from "@webhook-gateway/shared/store/validation-row.ts";
import type { ChangeSet } from "./change-set.ts";

/** Whether Grainchain has had it for too long since its last dispatch. */
export function isTooOld(validation: Validation, maxAgeMs: number, at: string): boolean {
  const since = Date.parse(validation.dispatched_at ?? validation.created_at);
  return Date.parse(at) - since >= maxAgeMs;
}

/**
 * @param at when it was heard of: a callback that waited in a queue says nothing of the time since
 * @param deliveryId the callback that showed it; null if Grainchain was asked
 */
export function endIfTooOld(
  changes: ChangeSet,
  validation: Validation,
  maxAgeMs: number,
  { at, deliveryId }: { readonly at: string; readonly deliveryId: string | null },
): void {
  if (isFinal(validation.state) || !isTooOld(validation, maxAgeMs, at)) return;
  const reason = "timed out: it was at Grainchain for too long";
  const error = "no result within VALIDATION_MAX_AGE_SECONDS";
  changes.signal(validation, { type: "timed_out" }, { reason, deliveryId }, { error });
  changes.addCancel(validation, "timed out");
}
