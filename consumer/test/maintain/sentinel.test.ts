import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { createSentinel } from "../../src/maintain/sentinel.ts";
import { type AlertOptions, alertReceiver } from "../support/alerts.ts";

const GB = 1_000_000_000;

/** A sentinel with a storage of its own, the crons that it hears, and the receiver of its alerts. */
function watch(options: AlertOptions = {}) {
  const receiver = alertReceiver(options);
  // Ahead of workerd's clock, which sets off the alarm.
  receiver.clock.nowMs = Date.now() + 86_400_000;
  const stub = env.SENTINEL.getByName(crypto.randomUUID());
  /** As many minutes: a cron in each, if there are crons, which D1 answers with a size, if it answers; then a check. */
  const pass = (minutes: number, cron: "no cron" | "unanswered" | number = GB): Promise<void> =>
    runInDurableObject(stub, async (_, { storage }) => {
      const sentinel = createSentinel({ ...receiver.sender, storage });
      for (let minute = 0; minute < minutes; minute++) {
        if (cron !== "no cron") await sentinel.heard();
        if (typeof cron === "number") await sentinel.answered(cron);
        receiver.clock.nowMs += 60_000;
        await sentinel.check();
      }
    });
  return { ...receiver, stub, pass };
}

test("no alert is sent while the cron runs and D1 answers", async () => {
  const { asked, pass } = watch();
  await pass(20);
  expect(asked).toEqual([]);
});

test("a cron that does not come anymore is alerted on after 5 minutes, once, and when it comes again", async () => {
  const { words, told, pass } = watch();
  await pass(3);
  await pass(3, "no cron");
  expect(words()).toEqual([]);
  await pass(1, "no cron");
  expect(words()).toEqual(["consumer silent firing"]);
  await pass(12, "no cron");
  await pass(10);
  expect(words()).toEqual(["consumer silent firing", "consumer silent resolved"]);
  expect(told[0]?.body).toEqual({
    text: expect.stringMatching(/^\[webhook-gateway production\] ALERT: the consumer's cron last ran 20/),
    environment: "production",
    condition: "consumer silent",
    state: "firing",
    since: expect.any(String),
  });
  expect(told[0]?.headers.get("x-webhook-gateway-signature-256")).toMatch(/^sha256=[0-9a-f]{64}$/);
});

test("a D1 that does not answer is alerted on after 5 minutes, once, and when it answers again", async () => {
  const { words, pass } = watch();
  await pass(3);
  await pass(5, "unanswered");
  expect(words()).toEqual([]);
  await pass(1, "unanswered");
  expect(words()).toEqual(["database away firing"]);
  await pass(12, "unanswered");
  await pass(10);
  expect(words()).toEqual(["database away firing", "database away resolved"]);
});

test("a database that fills up is alerted on at 70 % and at 90 %, once each, and when it has room again", async () => {
  const { words, told, pass } = watch();
  for (const size of [6.9, 7.1, 7.2, 9.1, 9.2, 8.9, 8.6, 7.1, 6.9, 6.6]) await pass(1, size * GB);
  expect(words()).toEqual([
    "database filling firing",
    "database full firing",
    "database full resolved",
    "database filling resolved",
  ]);
  expect(told[0]?.body.text).toContain("the database holds 7.1 of 10 GB, 71 %: shorten ");
});

test("the size is remembered while D1 does not answer", async () => {
  const { words, pass } = watch();
  await pass(1, 9.5 * GB);
  await pass(10, "unanswered");
  expect(words()).toEqual(["database filling firing", "database full firing", "database away firing"]);
});

test("an alert that was not accepted is sent again at the next check", async () => {
  const { words, asked, receiver, pass } = watch({ answer: () => new Response("", { status: 500 }) });
  await pass(1);
  await pass(5, "no cron");
  expect(asked).toHaveLength(2);
  receiver.answer = () => new Response("ok");
  await pass(1, "no cron");
  expect(words()).toEqual(["consumer silent firing"]);
});

test("a silence in which nothing was checked is not counted", async () => {
  const { words, clock, pass } = watch();
  await pass(1);
  clock.nowMs += 8 * 3_600_000;
  await pass(5, "no cron");
  expect(words()).toEqual([]);
  await pass(2, "no cron");
  expect(words()).toEqual(["consumer silent firing"]);
});

test("only the first cron after the alarm was lost sets it, and each alarm the next one", async () => {
  const { stub, pass } = watch();
  const alarm = () => runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
  expect(await alarm()).toBeNull();
  await stub.heard();
  const first = await alarm();
  expect(first).toBeGreaterThan(Date.now());
  await stub.heard();
  expect(await alarm()).toBe(first);
  await pass(1, "no cron");
  expect(await alarm()).not.toBe(first);
});

/** What the Durable Object itself logs: it has no receiver here. */
const lines: string[] = [];
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("the Durable Object checks by its alarm, until the cron runs again", async () => {
  vi.spyOn(console, "warn").mockImplementation((line: unknown) => void lines.push(String(line)));
  vi.useFakeTimers({ toFake: ["Date"] });
  const stub = env.SENTINEL.getByName(crypto.randomUUID());
  await stub.heard();
  await stub.answered(GB);
  for (const _ of [1, 2, 3, 4, 5]) {
    vi.setSystemTime(Date.now() + 60_000);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
  }
  await stub.heard();
  expect(await runDurableObjectAlarm(stub)).toBe(true);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { event: "alert", condition: "consumer silent", state: "firing", worker: "consumer" },
    { event: "alert", condition: "consumer silent", state: "resolved" },
  ]);
  await runInDurableObject(stub, (_, { storage }) => storage.deleteAlarm());
});
