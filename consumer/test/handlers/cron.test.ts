import { env } from "cloudflare:workers";
import { RETENTION } from "@webhook-gateway/shared/messages/wake-up.ts";
import { afterEach, expect, test, vi } from "vitest";
import { count, intercept } from "../support/database.ts";
import { createDouble, take } from "../support/grainchain.ts";
import {
  cron,
  deliver,
  down,
  EVENTS,
  lines,
  opened,
  sentinel,
  stubGrainchain,
  useWorker,
  workQueue,
} from "./support.ts";

useWorker();

afterEach(() => vi.useRealTimers());

test("an alert does not wait for Grainchain, which hangs", async () => {
  await deliver(EVENTS, [opened(), { v: 1, kind: "unreadable" }], {}, 8);
  let alerted: (() => void) | undefined;
  const alert = new Promise<void>((resolve) => {
    alerted = resolve;
  });
  const double = createDouble(async (call) => {
    await alert;
    return take(call);
  });
  vi.stubGlobal("fetch", async (input: RequestInfo | URL, init?: RequestInit) => {
    if (!String(input).startsWith("https://alerts.test")) {
      return double.fetch(String(input).replace("http://localhost:8080/", "https://grainchain.test/"), init);
    }
    alerted?.();
    return new Response();
  });
  await cron({ ALERT_WEBHOOK_URL: "https://alerts.test/hook" });
  expect(double.calls).toHaveLength(1);
});

/** The real D1, which claims to have that size. */
const ofSize = (bytes: number): D1Database => {
  const sized = (statement: D1PreparedStatement): D1PreparedStatement =>
    Object.assign(Object.create(statement), {
      bind: (...values: unknown[]) => sized(statement.bind(...values)),
      all: () => statement.all(),
      first: () => statement.first(),
      run: async () => {
        const result = await statement.run();
        return { ...result, meta: { ...result.meta, size_after: bytes } };
      },
    });
  return Object.assign(Object.create(env.DB), {
    prepare: (sql: string) => sized(env.DB.prepare(sql)),
    batch: (statements: D1PreparedStatement[]) => env.DB.batch(statements.map(Object.getPrototypeOf)),
  });
};

test("each cron notifies the sentinel, with the size of D1", async () => {
  stubGrainchain();
  const { told, binding } = sentinel();
  await cron({ ...binding, DB: ofSize(7_100_000_000) });
  expect(told).toEqual(["heard", 7_100_000_000]);
  expect(
    await count("SELECT count(*) FROM settings WHERE name = 'seen:consumer' AND json_valid(value)"),
  ).toBe(1);
});

test("the cron notifies the sentinel although D1 is down", async () => {
  stubGrainchain();
  const { told, binding } = sentinel();
  await cron({ ...binding, DB: down() });
  expect(told).toEqual(["heard"]);
});

test("the cron notifies the sentinel although D1 hangs, but not of a late answer", async () => {
  stubGrainchain();
  const { told, heard, binding } = sentinel();
  const hangs = Promise.withResolvers<void>();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const done = cron({ ...binding, DB: intercept(env.DB, () => hangs.promise) });
  await heard;
  vi.advanceTimersByTime(30_000);
  hangs.resolve();
  await done;
  expect(told).toEqual(["heard"]);
});

test("the cron does its work while the sentinel is down", async () => {
  stubGrainchain();
  const broken = async () => {
    throw new Error("the object is overloaded");
  };
  await cron({ SENTINEL: { getByName: () => ({ heard: broken, answered: broken }) } });
  expect(await count("SELECT count(*) FROM settings WHERE name = 'seen:consumer'")).toBe(1);
  expect(lines.join("\n")).toContain("heartbeat.failed");
});

test("what the watchdog finds is reported at once, not by the next cron", async () => {
  const before = new Date(Date.now() - 300_000).toISOString();
  await env.DB.prepare(
    `INSERT INTO validations (id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref,
       head_sha, base_sha, run, cause, delivery_id, state, turn, grainchain_id, created_at, dispatched_at, heard_at,
       watch_from, updated_at, version)
     VALUES ('one', 1, 'octo/widgets', 'pr-1', 'pull_request', 1, '', '', 'topic', 'one', '', 1, 'opened', 'd',
       'running', 1, 'g-one', ?1, ?1, ?1, ?1, ?1, 1)`,
  )
    .bind(before)
    .run();
  stubGrainchain(() => Response.json({ status: "completed", results: { success: true } }));
  const work = workQueue();
  await cron({ WORK: work.queue });
  expect(await count("SELECT count(*) FROM reports WHERE state = 'completed'")).toBe(1);
  expect(work.sent.filter(({ message }) => message !== RETENTION)).toEqual([
    { message: { v: 1, kind: "wake-up" }, options: { delaySeconds: 0 } },
  ]);
});

test("the cron does not throw while D1 is down", async () => {
  stubGrainchain();
  await cron({ DB: down() });
  expect(lines.join("\n")).toContain("move.failed");
});
