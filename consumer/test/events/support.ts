/** A sink of events, and a gateway that sends to it, over the real D1. */
import { env } from "cloudflare:workers";
import type { Failure } from "@webhook-gateway/shared/domain/failure.ts";
import { parseGate } from "@webhook-gateway/shared/store/settings.ts";
import { startInvocation } from "../../../test/platform/invocation.ts";
import { dispatchDue } from "../../src/dispatch/dispatch.ts";
import { cloudEvent } from "../../src/events/cloud-event.ts";
import { type EventDeps, sendEventsDue } from "../../src/events/send-events.ts";
import type { SinkMessage } from "../../src/events/sink.ts";
import { idOf } from "../replay/support.ts";
import { rows } from "../support/database.ts";
import { callback, type freshRepository, pullRequest, second } from "../support/facts.ts";
import { createDouble, effectDeps, take } from "../support/grainchain.ts";
import { record, SILENT } from "../support/recording.ts";

export type Repository = ReturnType<typeof freshRepository>;
type Answer = "sent" | Failure;

export const AWAY: Failure = { class: "retryable", error: "no answer from the sink: TimeoutError" };
export const REFUSED: Failure = { class: "permanent", error: "the sink answered HTTP 422" };
export const FULL: Failure = { class: "backpressure", error: "the sink answered HTTP 429" };

export interface Received {
  readonly id: string;
  readonly subject: string;
  readonly state: string;
}

/** @param answer to each message that comes */
export function openSink(answer: (received: Received) => Answer | Promise<Answer> = () => "sent") {
  /** What it took. */
  const received: Received[] = [];
  const asked: Received[] = [];
  const clock = { nowMs: Date.parse(second(4000)) };
  const take = async (message: SinkMessage): Promise<Answer> => {
    const { id, subject, data } = JSON.parse(message.body);
    const one = { id, subject, state: (data.customData ?? data).state };
    asked.push(one);
    const answered = await answer(one);
    if (answered === "sent") received.push(one);
    return answered;
  };
  const depsOf = (db: D1Database): EventDeps => ({
    db: startInvocation().database(db),
    log: SILENT,
    now: () => new Date(clock.nowMs),
    newId: () => crypto.randomUUID(),
    random: () => 0,
    sink: take,
    messageOf: async (event) =>
      cloudEvent(event, { url: "https://gateway.test", environment: "development" }),
    results: false,
  });
  return {
    received,
    asked,
    clock,
    /** One invocation. */
    send: (db: D1Database = env.DB) => sendEventsDue(depsOf(db)),
    pass: (seconds: number) => {
      clock.nowMs += seconds * 1000;
    },
  };
}

/** Records facts, for a sink. */
export const recordFor = (...facts: Parameters<typeof record>[0]) =>
  record(facts, { emits: { events: true } });

/** Dispatches what is due. */
export const dispatchFor = () =>
  dispatchDue({ ...effectDeps(createDouble((call) => take(call))), emits: { events: true } });

/** Pull requests that are validated, with every state in between. @returns the ids of the validations */
export async function validate(repository: Repository, count: number): Promise<string[]> {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const ids = numbers.map((number) => idOf(repository, number));
  await recordFor(...numbers.map((number) => pullRequest(repository, number)("opened", "a", 1)));
  await dispatchFor();
  for (const status of ["running", "completed"] as const) {
    await recordFor(
      ...ids.map((id, index) => callback(repository, id, status, { pr_number: index + 1, success: true })),
    );
  }
  return ids;
}

/** The states of a validation that has passed, in their order. */
export const ALL = ["queued", "dispatching", "pending", "running", "completed"];

/** What came of a validation, without what came again. */
export const statesOf = (received: readonly Received[], id: string): string[] =>
  [...new Map(received.filter(({ subject }) => subject === id).map((one) => [one.id, one])).values()].map(
    ({ state }) => state,
  );

export const outbox = () =>
  rows<{ validation_id: string; attempts: number }>("SELECT * FROM outgoing_events");

export async function sinkGate() {
  const [gate] = await rows<{ value: string }>("SELECT value FROM settings WHERE name = 'gate:events'");
  return parseGate(gate?.value);
}
