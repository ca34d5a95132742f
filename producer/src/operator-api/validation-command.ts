/** Operators' orders about one validation. Carried out like any other fact: recorded once, with its place in the timeline. */

import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import { FACT_VERSION, type Fact, type OperatorCommandFact } from "@webhook-gateway/shared/messages/fact.ts";
import { loadState } from "@webhook-gateway/shared/store/read/validation-state.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import type { ApiError } from "../http/api-error.ts";

export interface OrderDeps {
  readonly db: D1Database;
  readonly queue: Pick<Queue<unknown>, "send">;
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** `ordered` false: there is nothing to do. */
export type OrderAnswer =
  | { readonly ordered: boolean; readonly message: string }
  | { readonly error: ApiError };

/** Stops a validation, in the queue or at Grainchain. */
export async function orderCancel(deps: OrderDeps, validationId: string): Promise<OrderAnswer> {
  const state = await loadState(deps.db, validationId);
  if (state === undefined) return UNKNOWN;
  if (isFinal(state)) return { ordered: false, message: `it has finished: ${state}` };
  return send(deps, "cancel", validationId, "the validation will be cancelled");
}

/** Runs a validation's head again, if it is still the newest of its subject. */
export async function orderRerun(deps: OrderDeps, validationId: string): Promise<OrderAnswer> {
  const state = await loadState(deps.db, validationId);
  if (state === undefined) return UNKNOWN;
  return send(deps, "rerun", validationId, "its head will be run again, if it is still the newest");
}

const UNKNOWN = { error: { code: "not_found", message: "there is no such validation" } } as const;

async function send(
  deps: OrderDeps,
  order: OperatorCommandFact["order"],
  validationId: string,
  message: string,
): Promise<OrderAnswer> {
  const error = await sendFact(deps, {
    ...factHead(deps),
    kind: "order",
    order,
    validation_id: validationId,
  });
  return error === undefined ? { ordered: true, message } : { error };
}

/** Tells the consumer that an operator's request waits in D1. Where that fails the cron finds it. */
export async function tellOfRequest(deps: OrderDeps): Promise<void> {
  await sendFact(deps, { ...factHead(deps), kind: "request" });
}

const factHead = ({ newId, now }: OrderDeps) =>
  ({ v: FACT_VERSION, id: newId(), received_at: now().toISOString() }) as const;

async function sendFact({ queue, log }: OrderDeps, fact: Fact): Promise<ApiError | undefined> {
  const about = "validation_id" in fact ? { validation_id: fact.validation_id } : {};
  try {
    await queue.send(fact);
  } catch (thrown) {
    log.error("order.not-queued", { order_id: fact.id, error: errorText(thrown) });
    const message = "the order could not be queued";
    return { code: "queue_unavailable", message, headers: { "retry-after": "10" } };
  }
  log.info("order.accepted", {
    order_id: fact.id,
    order: "order" in fact ? fact.order : fact.kind,
    ...about,
  });
  return undefined;
}
