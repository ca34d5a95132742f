import {
  createExecutionContext,
  createMessageBatch,
  createScheduledController,
  getQueueResult,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { Fact } from "@webhook-gateway/shared/messages/fact.ts";
import type { Dataset } from "@webhook-gateway/shared/telemetry/telemetry.ts";
import { afterEach, beforeEach, expect, vi } from "vitest";
import type { Usage } from "../../../test/platform/accounting.ts";
import { startInvocation } from "../../../test/platform/invocation.ts";
import type { NamespaceLike } from "../../../test/platform/namespace.ts";
import worker from "../../src/index.ts";
import { breakable, empty } from "../support/database.ts";
import { freshRepository, pullRequest } from "../support/facts.ts";
import { createDouble, take } from "../support/grainchain.ts";

export const [EVENTS, WORK, DEAD] = ["events", "work", "dead"].map(
  (role) => `webhook-gateway-${role}-development`,
) as [string, string, string];

/** What the Worker logged. */
export const lines: string[] = [];

/** For each test: an empty database, and the lines of the Worker. */
export function useWorker(): void {
  beforeEach(async () => {
    await empty();
    lines.length = 0;
    for (const level of ["log", "info", "warn", "error"] as const) {
      vi.spyOn(console, level).mockImplementation((line: unknown) => void lines.push(String(line)));
    }
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });
}

export interface Bindings extends Omit<Partial<Env>, "WORK" | "METRICS" | "SENTINEL"> {
  readonly WORK?: Pick<Queue, "send">;
  readonly METRICS?: Dataset;
  readonly SENTINEL?: NamespaceLike;
}

/** What the sentinel was told. */
export function sentinel() {
  const heard = Promise.withResolvers<void>();
  const told: unknown[] = [];
  const stub = {
    heard: async () => {
      told.push("heard");
      heard.resolve();
    },
    answered: async (bytes: number) => void told.push(bytes),
  };
  const binding = { SENTINEL: { getByName: () => stub } };
  return { told, heard: heard.promise, binding };
}

/** One invocation of the Worker, within the platform's limits. @returns what it used */
export async function invoke(
  bindings: Bindings,
  perform: (its: Env) => Promise<void>,
  invocation = startInvocation(),
): Promise<Usage> {
  const bound = { ...env, ...sentinel().binding, WORK: workQueue().queue, ...bindings };
  const limited: object = {
    ...bound,
    DB: invocation.database(bound.DB),
    ARCHIVE: bound.ARCHIVE === undefined ? undefined : invocation.bucket(bound.ARCHIVE),
    WORK: invocation.queue(bound.WORK),
    METRICS: invocation.dataset(bound.METRICS),
    SENTINEL: invocation.namespace(bound.SENTINEL),
    BUDGETS: invocation.namespace(bound.BUDGETS),
  };
  const outside = globalThis.fetch;
  vi.stubGlobal("fetch", invocation.fetch(outside));
  try {
    await invocation.run(() => perform(limited as Env));
  } finally {
    vi.stubGlobal("fetch", outside);
  }
  return invocation.usage();
}

/** The cron, once. */
export const cron = (bindings: Bindings = {}): Promise<Usage> =>
  invoke(bindings, (its) => worker.scheduled(createScheduledController(), its));

/** A batch, as the queue gives it. */
export const consume = (batch: MessageBatch, bindings: Bindings = {}): Promise<Usage> =>
  invoke(bindings, (its) => worker.queue(batch, its));

/** A work queue that remembers what was sent to it. */
export function workQueue(
  send: (message: unknown, options?: QueueSendOptions) => Promise<never> | Promise<void> = async () => {},
) {
  const sent: { message: unknown; options: QueueSendOptions | undefined }[] = [];
  return {
    sent,
    queue: {
      ...env.WORK,
      send: async (message: unknown, options?: QueueSendOptions) => {
        sent.push({ message, options });
        await send(message, options);
        return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
      },
    },
  };
}

export async function deliver(
  queue: string,
  bodies: readonly unknown[],
  bindings: Bindings = {},
  attempts = 1,
) {
  const messages = bodies.map((body, index) => ({ id: `m${index}`, timestamp: new Date(), attempts, body }));
  const batch = createMessageBatch(queue, messages);
  const delays = batch.messages.map((message) => vi.spyOn(message, "retry"));
  const ctx = createExecutionContext();
  await consume(batch, bindings);
  const { outcome, explicitAcks, retryMessages, ackAll, retryBatch } = await getQueueResult(batch, ctx);
  expect([outcome, ackAll, retryBatch.retry]).toEqual(["ok", false, false]);
  return {
    acked: explicitAcks,
    retried: retryMessages.map(({ msgId }) => msgId),
    delays: delays.flatMap((spy) => spy.mock.calls.map(([options]) => options?.delaySeconds)),
  };
}

export const down = () => breakable(env.DB, () => new Error("D1_ERROR: Network connection lost."));
export const opened = (repository = freshRepository()): Fact => pullRequest(repository)("opened", "a", 1);

/** Stands in for everything that is fetched. */
export function stubGrainchain(answer: Parameters<typeof createDouble>[0] = (call) => take(call)) {
  const double = createDouble(answer);
  const local = (input: RequestInfo | URL, init?: RequestInit) =>
    double.fetch(String(input).replace("http://localhost:8080/", "https://grainchain.test/"), init);
  vi.stubGlobal("fetch", local);
  return double;
}
