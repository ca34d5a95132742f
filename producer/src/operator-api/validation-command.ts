/** Operator commands about one validation. They are recorded like any other fact: once, with an entry in the timeline. */

import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import { FACT_VERSION, type Fact, type OperatorCommandFact } from "@webhook-gateway/shared/messages/fact.ts";
import { loadState } from "@webhook-gateway/shared/store/read/validation-state.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import type { ApiError } from "../http/api-error.ts";

export interface CommandDeps {
  readonly db: D1Database;
  readonly queue: Pick<Queue<unknown>, "send">;
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** `accepted` is false if there is nothing to do. */
export type CommandAnswer =
  | { readonly accepted: boolean; readonly message: string }
  | { readonly error: ApiError };

/** Stops a validation, in the queue or at Grainchain. */
export async function cancelValidation(deps: CommandDeps, validationId: string): Promise<CommandAnswer> {
  const state = await loadState(deps.db, validationId);
  if (state === undefined) return UNKNOWN;
  if (isFinal(state)) return { accepted: false, message: `the validation has already ended: ${state}` };
  return send(deps, "cancel", validationId, "the validation will be cancelled");
}

/** Validates the same head again if it is still the newest of its subject. */
export async function rerunValidation(deps: CommandDeps, validationId: string): Promise<CommandAnswer> {
  const state = await loadState(deps.db, validationId);
  if (state === undefined) return UNKNOWN;
  return send(deps, "rerun", validationId, "the head will be validated again if it is still the newest");
}

const UNKNOWN = { error: { code: "not_found", message: "no validation has this id" } } as const;

async function send(
  deps: CommandDeps,
  order: OperatorCommandFact["order"],
  validationId: string,
  message: string,
): Promise<CommandAnswer> {
  const error = await sendFact(deps, {
    ...factHead(deps),
    kind: "order",
    order,
    validation_id: validationId,
  });
  return error === undefined ? { accepted: true, message } : { error };
}

/** Notifies the consumer that an operator's request is stored in D1. If that fails, the cron finds the request. */
export async function notifyConsumer(deps: CommandDeps): Promise<void> {
  await sendFact(deps, { ...factHead(deps), kind: "request" });
}

const factHead = ({ newId, now }: CommandDeps) =>
  ({ v: FACT_VERSION, id: newId(), received_at: now().toISOString() }) as const;

async function sendFact({ queue, log }: CommandDeps, fact: Fact): Promise<ApiError | undefined> {
  const about = "validation_id" in fact ? { validation_id: fact.validation_id } : {};
  try {
    await queue.send(fact);
  } catch (thrown) {
    log.error("order.not-queued", { order_id: fact.id, error: errorText(thrown) });
    const message = "the command could not be queued";
    return { code: "queue_unavailable", message, headers: { "retry-after": "10" } };
  }
  log.info("order.accepted", {
    order_id: fact.id,
    order: "order" in fact ? fact.order : fact.kind,
    ...about,
  });
  return undefined;
}
