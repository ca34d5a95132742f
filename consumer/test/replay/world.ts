/** A consumer with a clock, a work queue and a cron of the test's own: time passes as fast as it can be worked off. */
import { env } from "cloudflare:workers";
import { readConsumerConfig } from "@webhook-gateway/shared/config/consumer.ts";
import type { Fact } from "@webhook-gateway/shared/messages/fact.ts";
import type { WakeUp } from "@webhook-gateway/shared/messages/wake-up.ts";
import { Invocations } from "../../../test/platform/invocations.ts";
import { githubOf } from "../../src/deps.ts";
import { CallCounts } from "../../src/effects/call-counts.ts";
import { createConsumer } from "../../src/handlers.ts";
import { second } from "../support/facts.ts";
import { createDouble, type Requested, take } from "../support/grainchain.ts";
import { message, SILENT } from "../support/recording.ts";

const CONFIG = readConsumerConfig({
  ENVIRONMENT: "development",
  GRAINCHAIN_CALLBACK_SECRET: "callback secret",
  CLOUDFLARE_WORKER_URL: "https://gateway.test",
  GRAINCHAIN_API_URL: "https://grainchain.test",
});

export interface WorldOptions {
  readonly at: number;
  readonly db?: D1Database;
  /** Whether a wake-up is lost on its way. */
  readonly loses?: (sent: number) => boolean;
  /** What Grainchain refuses for good. */
  readonly refuses?: (id: string) => boolean;
}

export function startWorld({ at, db = env.DB, loses = () => false, refuses = () => false }: WorldOptions) {
  const beginMs = Date.parse(second(at));
  let nowMs = beginMs;
  let cronMs = nowMs + 60_000;
  let queue: { readonly dueMs: number; readonly body: WakeUp }[] = [];
  const sent: WakeUp[] = [];
  const double = createDouble((call) =>
    take(call, ({ client_request_id }: Requested) =>
      refuses(client_request_id) ? { status: "failed", error_class: "permanent", message: "no" } : {},
    ),
  );
  const work = {
    async send(body: WakeUp, options?: QueueSendOptions) {
      sent.push(body);
      const dueMs = nowMs + (options?.delaySeconds ?? 0) * 1000;
      if (!loses(sent.length)) queue.push({ dueMs, body });
      return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
    },
  };
  const now = () => new Date(nowMs);
  const invocations = new Invocations();
  const calls = new CallCounts();
  const github = githubOf(CONFIG, double.fetch, now, calls);
  const permissions = new Map();
  /** Of one invocation. */
  const consumer = () =>
    createConsumer({
      config: CONFIG,
      github,
      permissions,
      db: invocations.database(db),
      work,
      log: SILENT,
      fetch: invocations.fetch(double.fetch),
      now,
      random: () => 0,
      newId: () => crypto.randomUUID(),
      budgets: {
        take: () => Promise.reject(new Error("nothing is told to GitHub")),
        settle: async () => {},
      },
      isolate: { hasExpired: true },
      sentinel: { heard: async () => {}, answered: async () => {} },
      calls,
    });

  /** What is retried comes again a second later. */
  const batchOf = (bodies: readonly unknown[], again: (body: unknown) => void): MessageBatch<unknown> => ({
    queue: "",
    metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } },
    ackAll: () => {},
    retryAll: () => {},
    messages: bodies.map((body) => ({ ...message(body), ack: () => {}, retry: () => again(body) })),
  });

  /** Goes on to the next thing that is due: a wake-up, or the cron. */
  async function next(): Promise<void> {
    invocations.next();
    const due = queue.toSorted((a, b) => a.dueMs - b.dueMs)[0];
    if (due === undefined || due.dueMs >= cronMs) {
      nowMs = cronMs;
      cronMs += 60_000;
      await consumer().cron();
      return;
    }
    nowMs = Math.max(nowMs, due.dueMs);
    const batch = queue.filter((one) => one.dueMs <= nowMs);
    queue = queue.filter((one) => one.dueMs > nowMs);
    await consumer().work(
      batchOf(
        batch.map(({ body }) => body),
        () => queue.push({ dueMs: nowMs + 1000, body: { v: 1, kind: "wake-up" } }),
      ),
    );
  }

  return {
    sent,
    calls: double.calls,
    /** Seconds since the world began. */
    seconds: () => (nowMs - beginMs) / 1000,
    record(facts: readonly Fact[]) {
      invocations.next();
      return consumer().events(batchOf(JSON.parse(JSON.stringify(facts)), () => {}));
    },
    next,
    async until(done: () => Promise<boolean>): Promise<void> {
      for (let steps = 0; steps < 2000; steps++) {
        if (await done()) return;
        await next();
      }
      throw new Error("it has no end");
    },
  };
}

export type World = ReturnType<typeof startWorld>;
