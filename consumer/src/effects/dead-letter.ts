import type { DeadLetter } from "@webhook-gateway/shared/store/rows.ts";

/** An effect that is given up. One dead letter for each validation and kind. */
export function effectDeadLetter(
  kind: "dispatch" | "cancel" | "report",
  effect: Pick<DeadLetter, "attempts" | "first_at"> & {
    readonly validation_id: string;
    readonly repository?: string;
    readonly delivery_id?: string;
  },
  failure: { readonly class: string; readonly error: string },
): DeadLetter {
  return {
    id: `${kind}-${effect.validation_id}`,
    kind,
    class: failure.class,
    error: failure.error,
    attempts: effect.attempts,
    first_at: effect.first_at,
    repository: effect.repository ?? null,
    delivery_id: effect.delivery_id ?? null,
    validation_id: effect.validation_id,
    body: null,
  };
}
