/** `POST /api/validations/{id}/cancel`: an operator stops a validation, in the queue or at Grainchain. */
import { FACT_VERSION, type OrderFact } from "@webhook-gateway/shared/fact.ts";
import { errorText, type Log } from "@webhook-gateway/shared/log.ts";
import { loadState } from "@webhook-gateway/shared/store/validation-state.ts";
import { isFinal, type ValidationState } from "@webhook-gateway/shared/validation.ts";
import type { ApiError } from "./api-error.ts";

export interface OrderDeps {
  readonly db: D1Database;
  readonly queue: Pick<Queue<unknown>, "send">;
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** The validation's state when the order was given: one that has finished is left as it is. */
export type OrderAnswer =
  | { readonly state: ValidationState; readonly ordered: boolean }
  | { readonly error: ApiError };

/** Gives the order. It is carried out like any other fact: recorded once, with its place in the timeline. */
export async function orderCancel(deps: OrderDeps, validationId: string): Promise<OrderAnswer> {
  const state = await loadState(deps.db, validationId);
  if (state === undefined) return { error: { code: "not_found", message: "there is no such validation" } };
  if (isFinal(state)) return { state, ordered: false };
  const id = deps.newId();
  const fact: OrderFact = {
    v: FACT_VERSION,
    kind: "order",
    id,
    received_at: deps.now().toISOString(),
    order: "cancel",
    validation_id: validationId,
  };
  try {
    await deps.queue.send(fact);
  } catch (thrown) {
    deps.log.error("order.not-queued", { order_id: id, error: errorText(thrown) });
    const error = { code: "queue_unavailable", message: "the order could not be queued" } as const;
    return { error: { ...error, headers: { "retry-after": "10" } } };
  }
  deps.log.info("order.accepted", { order_id: id, order: "cancel", validation_id: validationId });
  return { state, ordered: true };
}
