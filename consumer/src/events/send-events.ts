/** Sends state changes to another system, those of a validation in their order. */
import { type CallOutcome, type Gate, nextGate } from "@webhook-gateway/shared/domain/gate.ts";
import { claimEvents, type DueEvent } from "@webhook-gateway/shared/store/claim/events.ts";
import { counted } from "@webhook-gateway/shared/store/metrics.ts";
import { EVENTS_GATE, movedGate } from "@webhook-gateway/shared/store/settings.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import type { Mutation } from "@webhook-gateway/shared/store/write/mutation.ts";
import { tally } from "@webhook-gateway/shared/telemetry/tally.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { type EffectDeps, runEffect, type Settled, wakeTimes } from "../effects/run-effect.ts";
import { type KnownEvent, knownEvent } from "./known-event.ts";
import { type EventResult, type PerformedEvent, settleEvent } from "./outcome.ts";
import { SINK_TIMEOUT_MS, type Sink, type SinkMessage } from "./sink.ts";

export interface EventDeps extends EffectDeps {
  readonly sink: Sink;
  readonly messageOf: (event: KnownEvent) => Promise<SinkMessage>;
  /** Whether messages have the results of what ended. */
  readonly results: boolean;
  readonly random: () => number;
}

/** Events in one claim: the results of all of them are in memory together. */
const BATCH_SIZE = 20;
const MAX_ROUNDS = 20;
/** Longer than a batch takes if every request is answered at the last moment, and the archive each time before it. */
const LEASE_MS = (2 * BATCH_SIZE + 3) * SINK_TIMEOUT_MS;
/** A sink that fails so often in a row is taken to be unavailable. */
const MAX_FAILED_IN_A_ROW = 3;

/** Sends the events that are due. @returns when to look again, sooner than the cron would */
export async function sendEventsDue(deps: EventDeps): Promise<readonly string[]> {
  const { wakeAt } = await runEffect(deps, {
    name: "event",
    leaseMs: LEASE_MS,
    batchSize: BATCH_SIZE,
    maxRounds: MAX_ROUNDS,
    async claim(lease) {
      const { events: items, gate } = await claimEvents(deps.db, lease, deps.results);
      return { items, gate };
    },
    perform: ({ items }) => sendInOrder(deps, items),
    settle: ({ gate }, performed, { leaseUntil }) => settle(deps, gate, performed, leaseUntil),
  });
  return wakeAt;
}

/** One after the other: nothing overtakes an event of the same validation that failed. */
async function sendInOrder(
  { sink, messageOf }: EventDeps,
  events: readonly DueEvent[],
): Promise<readonly PerformedEvent[]> {
  const performed: PerformedEvent[] = [];
  const held = new Set<string>();
  let failedInARow = 0;
  let isClosed = false;
  for (const due of events) {
    const known = knownEvent(due);
    const result = await resultOf(known);
    performed.push({ due, known, result });
    if (typeof result === "string") {
      if (result === "sent") failedInARow = 0;
      continue;
    }
    if (result.class === "permanent") continue;
    held.add(due.validation_id);
    failedInARow++;
    isClosed ||= result.class !== "retryable" || failedInARow === MAX_FAILED_IN_A_ROW;
  }
  return performed;

  async function resultOf(known: KnownEvent | undefined): Promise<EventResult> {
    if (known === undefined) return "gone";
    return isClosed || held.has(known.validation_id) ? "waits" : sink(await messageOf(known));
  }
}

async function settle(
  deps: EventDeps,
  gate: Gate,
  performed: readonly PerformedEvent[],
  leaseUntil: string,
): Promise<Settled> {
  const nowMs = deps.now().getTime();
  const callOutcome = callOutcomeOf(performed);
  const next = nextGate(gate, callOutcome, nowMs);
  const settled = performed.map((one) =>
    settleEvent(one, { leaseUntil, served: callOutcome.served, nowMs, random: deps.random() }),
  );
  await commit(deps.db, isoTime(nowMs), [
    ...settled.flatMap(({ outcome, deadLetter }): Mutation[] => [
      { kind: "eventOutcome", row: outcome },
      ...(deadLetter === undefined ? [] : [{ kind: "deadLetter", row: deadLetter } as const]),
    ]),
    ...performed.map(({ result }): Mutation => ({ kind: "metric", row: counted("events", classOf(result)) })),
    ...movedGate(EVENTS_GATE, gate, next),
  ]);
  const outcomes = settled.map(({ outcome }) => outcome);
  return {
    lines: performed.map(({ due: { validation_id, to_state }, result }) => ({
      fields: { validation_id, state: to_state, class: classOf(result) },
      failed: typeof result !== "string",
    })),
    batch: { claimed: performed.length, ...tally(performed.map(({ result }) => classOf(result))) },
    wakeAt: wakeTimes(outcomes, nowMs, [], next),
    more: next.state === "open",
  };
}

/** The outcome of a batch for the gate in front of the sink. */
function callOutcomeOf(performed: readonly PerformedEvent[]): CallOutcome {
  const failures = performed.flatMap(({ result }) => (typeof result === "string" ? [] : [result]));
  const closing = failures.find(({ class: name }) => name === "backpressure" || name === "configuration");
  const unavailable = failures.find(({ class: name }) => name === "retryable");
  const served =
    performed.some(({ result }) => result === "sent") ||
    failures.some(({ class: name }) => name === "permanent");
  return { served, closing, unavailable };
}

const classOf = (result: EventResult): string => (typeof result === "string" ? result : result.class);
