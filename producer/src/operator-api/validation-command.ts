/** Operator commands about one validation. They are recorded like any other fact: once, with an entry in the timeline. */

import { isFinal, type ValidationState } from "@webhook-gateway/shared/domain/validation.ts";
import { FACT_VERSION, type Fact, type OperatorCommandFact } from "@webhook-gateway/shared/messages/fact.ts";
import { insertAction } from "@webhook-gateway/shared/store/operator-action.ts";
import { loadState } from "@webhook-gateway/shared/store/read/validation-state.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import type { ApiError, Refused } from "../http/api-error.ts";
import { refuse } from "./refusal.ts";

export interface CommandDeps {
  readonly db: D1Database;
  readonly queue: Pick<Queue<unknown>, "send">;
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** `accepted` is false if there is nothing to do. */
export type CommandAnswer = { readonly accepted: boolean; readonly message: string } | Refused;

type CommandName = OperatorCommandFact["order"];

const ACCEPTED: Readonly<Record<CommandName, string>> = {
  cancel: "the validation will be cancelled",
  rerun: "the head will be validated again if it is still the newest",
  approve: "the head will be validated if it is still the newest",
};

/**
 * Stops a validation, in the queue or at Grainchain, validates the same head again if it is still the newest of its
 * subject, or approves it if it is held. The consumer records the action with its outcome; here only what it never gets to know is recorded.
 */
export async function commandValidation(
  deps: CommandDeps,
  order: CommandName,
  validationId: string,
  actor: string,
  reason?: string,
): Promise<CommandAnswer> {
  const state = await loadState(deps.db, validationId);
  if (order === "cancel" && state !== undefined && isFinal(state)) {
    const message = `the validation has already ended: ${state}`;
    const at = deps.now().toISOString();
    const asked = { id: deps.newId(), at, actor, action: order, target: validationId, reason: message };
    await insertAction(deps.db, { ...asked, outcome: "unchanged" }).run();
    return { accepted: false, message };
  }
  const head = { ...factHead(deps), kind: "order", order, actor, validation_id: validationId } as const;
  const fact = reason === undefined ? head : { ...head, reason };
  const error = obstacleTo(order, state) ?? (await sendFact(deps, fact));
  if (error === undefined) return { accepted: true, message: ACCEPTED[order] };
  return refuse(deps, { actor, action: order, target: validationId }, error);
}

function obstacleTo(order: CommandName, state: ValidationState | undefined): ApiError | undefined {
  if (state === undefined) return UNKNOWN;
  if (order !== "approve" || state === "held") return undefined;
  return { code: "not_held", message: `the validation is not waiting for approval: it is ${state}` };
}

const UNKNOWN: ApiError = { code: "not_found", message: "no validation has this id" };

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
