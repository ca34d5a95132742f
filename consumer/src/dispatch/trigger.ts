/** Sends triggers to Grainchain: in one call if it has a batch endpoint, else one by one. */
import type { Failure } from "@webhook-gateway/shared/domain/failure.ts";
import type { CallOutcome } from "@webhook-gateway/shared/domain/gate.ts";
import { byHalves } from "../effects/by-halves.ts";
import { CALLS_AT_ONCE, type Grainchain, NOT_SENT, type Trigger, type TriggerOptions } from "./grainchain.ts";
import type { TriggerOutcome } from "./trigger-answer.ts";

export interface SendOptions extends Required<TriggerOptions> {
  /** Whether to try the batch endpoint. */
  readonly batch: boolean;
  readonly now: () => Date;
}

export interface Sent {
  /** One a trigger, in their order. */
  readonly outcomes: readonly TriggerOutcome[];
  /** The server has no batch endpoint. */
  readonly noBatch: boolean;
  readonly calls: number;
  readonly callOutcome: CallOutcome;
}

/** Sends all triggers. Never throws: every trigger has its outcome. */
export async function sendAll(
  grainchain: Grainchain,
  triggers: readonly Trigger[],
  options: SendOptions,
): Promise<Sent> {
  const tally = { calls: 0, noBatch: false };
  const outcomes = options.batch
    ? await sendBatch(grainchain, triggers, options, tally)
    : await sendSingly(grainchain, triggers, options, tally);
  return { outcomes, ...tally, callOutcome: callOutcomeOf(outcomes) };
}

interface Tally {
  calls: number;
  noBatch: boolean;
}

function sendBatch(
  grainchain: Grainchain,
  all: readonly Trigger[],
  options: SendOptions,
  tally: Tally,
): Promise<readonly TriggerOutcome[]> {
  // One bad item can have the whole batch refused.
  return byHalves(all, async (triggers) => {
    if (options.now().getTime() > options.lastCallMs) return triggers.map(() => NOT_SENT);
    tally.calls++;
    const answer = await grainchain.triggerBatch(triggers, options);
    if (answer === "no-batch") {
      tally.noBatch = true;
      return sendSingly(grainchain, triggers, options, tally);
    }
    if ("outcomes" in answer) return answer.outcomes;
    return answer.class === "permanent" && triggers.length > 1 ? "split" : triggers.map(() => answer);
  });
}

async function sendSingly(
  grainchain: Grainchain,
  triggers: readonly Trigger[],
  options: SendOptions,
  tally: Tally,
): Promise<readonly TriggerOutcome[]> {
  const outcomes: TriggerOutcome[] = [];
  let closed: Failure | undefined;
  for (let from = 0; from < triggers.length; from += CALLS_AT_ONCE) {
    const group = triggers.slice(from, from + CALLS_AT_ONCE);
    const late = options.now().getTime() > options.lastCallMs;
    const held = closed ?? (late ? NOT_SENT : undefined);
    if (held !== undefined) {
      outcomes.push(...group.map(() => held));
      continue;
    }
    tally.calls += group.length;
    outcomes.push(...(await Promise.all(group.map((one) => grainchain.trigger(one, options)))));
    // A server that is unavailable for one group is unavailable for the rest: they are not sent, and lose no attempt.
    closed = outcomes.find(closesGate) ?? (outcomes.every(isRetryable) ? NOT_SENT : undefined);
  }
  return outcomes;
}

function callOutcomeOf(outcomes: readonly TriggerOutcome[]): CallOutcome {
  const served = outcomes.some((outcome) => outcome.class === "accepted" || outcome.class === "permanent");
  const closing = outcomes.find(closesGate);
  return { served, closing, unavailable: served ? undefined : outcomes.find(isRetryable) };
}

function closesGate(outcome: TriggerOutcome): outcome is Failure {
  return outcome !== NOT_SENT && (outcome.class === "backpressure" || outcome.class === "configuration");
}

const isRetryable = (outcome: TriggerOutcome): outcome is Failure => outcome.class === "retryable";
