import { env } from "cloudflare:workers";
import { CONSUMER_SEEN, GATE, GRAINCHAIN_SEEN } from "@webhook-gateway/shared/store/settings.ts";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  jsonOf,
  ORIGIN,
  startApp,
  type TestApp,
  type TestAppOptions,
  untouchableDb,
} from "../support/app.ts";
import { delivery } from "../support/delivery.ts";
import { pullRequest } from "../support/payloads.ts";
import { putSetting } from "../support/rows.ts";

beforeEach(() => env.DB.prepare("DELETE FROM settings").run());
afterEach(() => vi.restoreAllMocks());

const askHealth = (app: TestApp) => app.fetch(new Request(`${ORIGIN}/health`));
const start = (options: TestAppOptions = {}) => startApp({ db: env.DB, ...options });

test("is healthy before anything happened", async () => {
  const response = await askHealth(start());
  expect(response.status).toBe(200);
  expect(response.headers.get("x-request-id")).not.toBeNull();
  expect(await jsonOf(response)).toEqual({
    status: "healthy",
    service: "webhook-gateway",
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    environment: "development",
    timestamp: "2026-11-23T10:00:00.000Z",
    checks: {
      api: { status: "ok" },
      database: { status: "ok" },
      queue: { status: "ok" },
      grainchain: { status: "unknown", detail: expect.any(String) },
      consumer: { status: "unknown", detail: "its cron has not run yet" },
    },
  });
});

test("is unhealthy without D1, and then knows nothing of Grainchain", async () => {
  const response = await askHealth(startApp());
  expect(response.status).toBe(503);
  expect(await jsonOf(response)).toMatchObject({
    status: "unhealthy",
    checks: { api: { status: "ok" }, database: { status: "failed" }, grainchain: { status: "unknown" } },
  });
});

test("is unhealthy while the queue takes nothing, and healthy once it takes something again", async () => {
  let broken = true;
  let now = Date.parse("2026-11-23T10:00:00.000Z");
  const onSend = async () => {
    if (broken) throw new Error("refused");
  };
  const app = start({ onSend, now: () => new Date(now) });
  await app.fetch(await delivery(pullRequest("opened")));
  const response = await askHealth(app);
  expect(response.status).toBe(503);
  expect(await jsonOf(response)).toMatchObject({
    status: "unhealthy",
    checks: { queue: { status: "failed" } },
  });
  broken = false;
  now += 5_001;
  await app.fetch(await delivery(pullRequest("opened")));
  expect((await askHealth(app)).status).toBe(200);
});

describe("what was last seen of Grainchain", () => {
  const closed = (reason: string, until = "2026-11-23T10:05:00.000Z") => ({
    state: "closed",
    reason,
    detail: "MARKER",
    since: "2026-11-23T09:55:00.000Z",
    until,
    step: 1,
  });

  test.each([
    [
      "a dispatch that went well",
      { seen: { at: "2026-11-23T09:59:00.000Z", outcome: "ok", detail: "" } },
      "ok",
      "healthy",
    ],
    [
      "a dispatch that failed",
      { seen: { at: "2026-11-23T09:59:00.000Z", outcome: "retryable", detail: "MARKER" } },
      "degraded",
      "degraded",
    ],
    ["backpressure", { gate: closed("backpressure") }, "degraded", "degraded"],
    ["a refused key", { gate: closed("configuration") }, "failed", "degraded"],
    ["a Grainchain that is away", { gate: closed("unavailable") }, "failed", "degraded"],
    [
      "a gate whose time is over",
      { gate: closed("configuration", "2026-11-23T09:59:00.000Z") },
      "failed",
      "degraded",
    ],
    ["an open gate", { gate: { state: "open" } }, "unknown", "healthy"],
    ["a setting that is not understood", { gate: "ajar", seen: 7 }, "unknown", "healthy"],
  ])("%s", async (_, settings: { gate?: unknown; seen?: unknown }, check, status) => {
    if (settings.gate !== undefined) await putSetting(env.DB, GATE, settings.gate);
    if (settings.seen !== undefined) await putSetting(env.DB, GRAINCHAIN_SEEN, settings.seen);
    const response = await askHealth(start());
    expect(response.status).toBe(200);
    const body = await jsonOf(response);
    expect(body).toMatchObject({ status, checks: { grainchain: { status: check } } });
    expect(JSON.stringify(body)).not.toContain("MARKER");
  });

  test("is read, and Grainchain never called", async () => {
    const fetched = vi.spyOn(globalThis, "fetch");
    await putSetting(env.DB, GATE, closed("configuration"));
    await askHealth(start());
    expect(fetched).not.toHaveBeenCalled();
  });
});

test.each([
  [7_000_000_000, { status: "ok" }, "healthy"],
  [7_100_000_000, { status: "ok", detail: "7.1 of 10 GB, 71 %" }, "healthy"],
  [9_100_000_000, { status: "degraded", detail: "9.1 of 10 GB, 91 %" }, "degraded"],
  [
    10_000_000_000,
    {
      status: "failed",
      detail: "full: 10.0 of 10 GB, 100 %. What arrives waits in the queue until there is room",
    },
    "unhealthy",
  ],
])("says how full D1 is once that matters: %d bytes", async (bytes, database, status) => {
  const all = async () => ({ results: [], meta: { size_after: bytes } });
  const db = { prepare: () => ({ all }) } as unknown as D1Database;
  expect(await jsonOf(await askHealth(start({ db })))).toMatchObject({ status, checks: { database } });
});

describe("the consumer", () => {
  test.each([
    ["whose cron ran a minute ago", "2026-11-23T09:59:00.000Z", "ok", "healthy", 200],
    ["that was silent for 3 min", "2026-11-23T09:57:00.000Z", "ok", "healthy", 200],
    ["that was silent for longer", "2026-11-23T09:56:59.000Z", "degraded", "degraded", 200],
    ["that was silent for 15 min", "2026-11-23T09:45:00.000Z", "degraded", "degraded", 200],
    ["that was silent for longer than that", "2026-11-23T09:44:59.000Z", "failed", "unhealthy", 503],
  ])("%s", async (_, seenAt, check, status, code) => {
    await putSetting(env.DB, CONSUMER_SEEN, seenAt);
    const response = await askHealth(start());
    expect(response.status).toBe(code);
    expect(await jsonOf(response)).toMatchObject({ status, checks: { consumer: { status: check } } });
  });

  test.each([
    ["2 min", "2026-11-23T09:58:00.000Z", "ok", "healthy"],
    ["longer", "2026-11-23T09:57:59.000Z", "degraded", "degraded"],
  ])("that leaves a message in the queue for %s", async (_, sentAt, check, status) => {
    await putSetting(env.DB, CONSUMER_SEEN, "2026-11-23T09:59:30.000Z");
    let now = Date.parse("2026-11-23T10:00:00.000Z");
    const app = start({ oldestMessage: new Date(sentAt), now: () => new Date(now) });
    await app.fetch(await delivery(pullRequest("opened")));
    expect(await jsonOf(await askHealth(app))).toMatchObject({
      status,
      checks: { consumer: { status: check } },
    });
    // The result of a send a minute ago is no longer valid.
    now += 61_000;
    expect(await jsonOf(await askHealth(app))).toMatchObject({ checks: { consumer: { status: "ok" } } });
  });
});

test("is reused for 5 s, then asked for again", async () => {
  let now = Date.parse("2026-11-23T10:00:00.000Z");
  const prepare = vi.spyOn(env.DB, "prepare");
  const app = start({ now: () => new Date(now) });
  for (let i = 0; i < 20; i++) await askHealth(app);
  expect(prepare).toHaveBeenCalledTimes(1);
  now += 4_999;
  await askHealth(app);
  expect(prepare).toHaveBeenCalledTimes(1);
  now += 1;
  const response = await askHealth(app);
  expect(prepare).toHaveBeenCalledTimes(2);
  expect(await jsonOf(response)).toMatchObject({ timestamp: "2026-11-23T10:00:05.000Z" });
});

test("a failure is reused too", async () => {
  let asked = 0;
  const prepare = () => {
    asked++;
    throw new Error("D1 is overloaded");
  };
  const app = start({ db: { ...untouchableDb, prepare } });
  for (let i = 0; i < 5; i++) expect((await askHealth(app)).status).toBe(503);
  expect(asked).toBe(1);
});

test("reads D1 once, however many ask at once", async () => {
  let reads = 0;
  const db = {
    ...untouchableDb,
    prepare: () => {
      reads++;
      throw new Error("D1 is away");
    },
  } satisfies D1Database;
  const app = startApp({ db });
  const answers = await Promise.all(Array.from({ length: 50 }, () => askHealth(app)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
  expect(reads).toBe(1);
});
