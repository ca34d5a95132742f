import { env } from "cloudflare:workers";
import { NO_RESULTS, NO_VERDICT } from "@webhook-gateway/shared/domain/results/verdict.ts";
import { GATE } from "@webhook-gateway/shared/store/settings.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { startInvocation } from "../../../test/platform/invocation.ts";
import { createGrainchain } from "../../src/dispatch/grainchain.ts";
import { watchStale } from "../../src/dispatch/watchdog.ts";
import { count, empty, row } from "../support/database.ts";

const NOW = new Date("2026-11-01T12:00:00.000Z");
const MINUTE_MS = 60_000;

const ago = (ms: number): string => new Date(NOW.getTime() - ms).toISOString();

/** A validation at Grainchain, heard of a while ago: it is not dispatched again. */
async function atGrainchain(
  id: string,
  fields: { state?: string; heardMs?: number; dispatchedMs?: number; grainchainId?: string | null } = {},
): Promise<void> {
  const {
    state = "running",
    heardMs = 5 * MINUTE_MS,
    dispatchedMs = heardMs,
    grainchainId = `g-${id}`,
  } = fields;
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO validations (id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref,
         head_sha, base_sha, run, cause, delivery_id, state, turn, grainchain_id, created_at, dispatched_at, heard_at,
         watch_from, updated_at, resendable, version)
       VALUES (?1, 1, 'octo/widgets', ?1, 'pull_request', 1, '', '', 'topic', ?1, '', 1, 'opened', 'd', ?2, 1, ?3,
         ?4, ?4, ?5, CASE WHEN ?2 IN ('pending', 'running') THEN ?5 END, ?5, 0, 1)`,
    ).bind(id, state, grainchainId, ago(dispatchedMs), ago(heardMs)),
    env.DB.prepare(
      "INSERT INTO timeline (validation_id, at, from_state, to_state, reason) VALUES (?1, ?2, NULL, ?3, 'set up')",
    ).bind(id, ago(dispatchedMs), state),
  ]);
}

type Answer = (path: string) => Response | Promise<Response>;

/** A watchdog in front of a Grainchain that answers as told. */
function watchdog(answer: Answer, clock = { nowMs: NOW.getTime() }) {
  const asked: string[] = [];
  let atOnce = 0;
  let mostAtOnce = 0;
  const fetcher: typeof fetch = async (input) => {
    const { pathname } = new URL(String(input));
    asked.push(pathname);
    atOnce++;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    const response = await answer(pathname);
    atOnce--;
    return response;
  };
  const now = () => new Date(clock.nowMs);
  const config = {
    apiUrl: "http://grainchain.test",
    apiPrefix: "/v",
    apiKey: undefined,
    validationTimeoutMs: MINUTE_MS,
    maxMemory: "512MB",
    requestTimeoutMs: 1_000,
    maxAgeMs: 360 * MINUTE_MS,
  };
  const watch = () => {
    const invocation = startInvocation();
    return watchStale({
      db: invocation.database(env.DB),
      grainchain: createGrainchain(config, invocation.fetch(fetcher), now),
      config,
      log: createLog({ debug: false, write: () => undefined }),
      now,
      newId: () => crypto.randomUUID(),
    });
  };
  return { watch, asked, mostAtOnce: () => mostAtOnce };
}

const standing =
  (status: string, fields: Record<string, unknown> = {}): Answer =>
  () =>
    Response.json({ validation_id: "g", project_id: "octo/widgets", pr_number: 1, status, ...fields });

beforeEach(empty);

describe("the watchdog", () => {
  test("picks up a result whose callback was lost", async () => {
    await atGrainchain("one");
    const results = { success: false, test_results: { overall_success: false } };

    await watchdog(standing("completed", { results })).watch();

    const found = await row<{ state: string; conclusion: string; results: string }>(
      "SELECT * FROM validations",
    );
    expect(found).toMatchObject({
      state: "completed",
      conclusion: "failure",
      watch_until: expect.anything(),
    });
    expect(JSON.parse(found.results)).toEqual(results);
    expect(
      await row("SELECT from_state, to_state, reason FROM timeline WHERE from_state IS NOT NULL"),
    ).toEqual({
      from_state: "running",
      to_state: "completed",
      reason: "Grainchain, when asked, said completed",
    });
    expect(await row("SELECT state, status FROM reports")).toEqual({ state: "completed", status: "due" });
  });

  test.each([
    ["no results", {}, NO_RESULTS],
    ["results without a verdict", { results: { sandbox_id: "sb-1" } }, NO_VERDICT],
    ["an error of its own", { results: { sandbox_id: "sb-1" }, error: "no disk" }, "no disk"],
  ])("takes completed with %s for a failed run", async (_, fields, error) => {
    await atGrainchain("one");
    await watchdog(standing("completed", fields)).watch();
    expect(await row("SELECT state, conclusion, error FROM validations")).toEqual({
      state: "failed",
      conclusion: null,
      error,
    });
    expect(await row("SELECT reason FROM timeline WHERE to_state = 'failed'")).toEqual({
      reason: "Grainchain, when asked, said completed without a verdict",
    });
  });

  test("keeps results that are too large for one statement", async () => {
    await atGrainchain("one");
    const output = "x".repeat(300_000);

    await watchdog(standing("completed", { results: { success: true, output } })).watch();

    const found = await row<{ results: string }>("SELECT results FROM validations");
    expect(JSON.parse(found.results)).toEqual({ success: true, output });
    expect(await count("SELECT count(*) FROM callback_results")).toBe(0);
  });

  test("times out what Grainchain does not know", async () => {
    await atGrainchain("one");

    await watchdog(() => new Response("not found", { status: 404 })).watch();

    expect(await row("SELECT state, error FROM validations")).toEqual({
      state: "timed_out",
      error: "Grainchain does not know this validation",
    });
  });

  test("believes nothing of an id that several live validations have", async () => {
    await atGrainchain("one", { grainchainId: "same" });
    await atGrainchain("two", { grainchainId: "same", heardMs: 0 });
    const { watch, asked } = watchdog(standing("completed", { results: { success: true } }));
    await watch();
    expect([asked, await row("SELECT DISTINCT state FROM validations")]).toEqual([[], { state: "running" }]);

    await env.DB.prepare("UPDATE validations SET state = 'completed', finished_at = ?1 WHERE id = 'two'")
      .bind(ago(0))
      .run();
    await env.DB.prepare("UPDATE validations SET watch_until = NULL").run();
    await watch();
    expect(asked).toEqual(["/v/same/status"]);
  });

  test("leaves what has finished meanwhile as it is, though Grainchain no longer knows it", async () => {
    await atGrainchain("one");

    await watchdog(async () => {
      await env.DB.prepare(
        "UPDATE validations SET state = 'completed', conclusion = 'success', version = version + 1",
      ).run();
      return new Response("not found", { status: 404 });
    }).watch();

    expect(await row("SELECT state, error FROM validations")).toEqual({ state: "completed", error: null });
  });

  const closeGate = (reason: string) =>
    env.DB.prepare("INSERT INTO settings (name, value, updated_at) VALUES (?1, ?2, ?3)")
      .bind(
        GATE,
        JSON.stringify({ state: "closed", reason, detail: "", since: ago(0), until: ago(0), step: 1 }),
        ago(0),
      )
      .run();

  test.each(["backpressure", "unavailable"])(
    "believes a 404 while the gate is closed for %s",
    async (reason) => {
      await closeGate(reason);
      await atGrainchain("one");
      await watchdog(() => new Response("not found", { status: 404 })).watch();
      expect(await row("SELECT state FROM validations")).toEqual({ state: "timed_out" });
    },
  );

  describe("while Grainchain refuses the configuration", () => {
    beforeEach(() => closeGate("configuration"));

    test("believes no 404", async () => {
      await atGrainchain("one");
      await watchdog(() => new Response("not found", { status: 404 })).watch();
      expect(await row("SELECT state FROM validations")).toEqual({ state: "running" });
    });

    test("still picks up what has finished: nothing queued may be left to open the gate", async () => {
      await atGrainchain("one");
      await watchdog(standing("completed", { results: { success: true } })).watch();
      expect(await row("SELECT state FROM validations")).toEqual({ state: "completed" });
    });
  });

  test("asks again later for what still runs, and writes no transition", async () => {
    await atGrainchain("one", { state: "pending" });
    const { watch, asked } = watchdog(standing("pending"));

    await watch();
    await watch();

    expect(asked).toEqual(["/v/g-one/status"]);
    expect(await row("SELECT state, heard_at FROM validations")).toEqual({
      state: "pending",
      heard_at: ago(0),
    });
    expect(await count("SELECT count(*) FROM timeline")).toBe(1);
  });

  test("takes no error of what still runs for its own", async () => {
    await atGrainchain("one");
    await watchdog(standing("running", { error: "a step is slow" })).watch();
    expect(await row("SELECT state, error FROM validations")).toEqual({ state: "running", error: null });
  });

  test("counts from its dispatch, however long it waited for that", async () => {
    await atGrainchain("one", { dispatchedMs: 359 * MINUTE_MS });
    await env.DB.prepare("UPDATE validations SET created_at = ?1")
      .bind(ago(900 * MINUTE_MS))
      .run();
    await watchdog(standing("running")).watch();
    expect(await row("SELECT state FROM validations")).toEqual({ state: "running" });
  });

  test.each([360, 361])("times out, and cancels, what has been there for %d minutes", async (minutes) => {
    await atGrainchain("one", { dispatchedMs: minutes * MINUTE_MS });

    await watchdog(standing("running")).watch();

    expect(await row("SELECT state FROM validations")).toEqual({ state: "timed_out" });
    expect(await row("SELECT grainchain_id, status FROM cancels")).toEqual({
      grainchain_id: "g-one",
      status: "due",
    });
  });

  test("takes a result in preference to a time-out", async () => {
    await atGrainchain("one", { dispatchedMs: 361 * MINUTE_MS });

    await watchdog(standing("completed", { results: { success: true } })).watch();

    expect(await row("SELECT state, conclusion FROM validations")).toEqual({
      state: "completed",
      conclusion: "success",
    });
    expect(await count("SELECT count(*) FROM cancels")).toBe(0);
  });

  test.each<[string, Answer]>([
    ["500", () => new Response("", { status: 500 })],
    ["429", () => new Response("", { status: 429 })],
    ["garbage", () => new Response("<html>")],
    ["an unknown status", standing("dancing")],
    ["no connection", () => Promise.reject(new TypeError("connection refused"))],
  ])("leaves what it cannot ask for (%s) as it is", async (_, answer) => {
    await atGrainchain("one");

    await watchdog(answer).watch();

    expect(await row("SELECT state, version FROM validations")).toEqual({ state: "running", version: 1 });
    expect(await count("SELECT count(*) FROM timeline")).toBe(1);
  });

  test("leaves alone what was heard of lately, and what is not at Grainchain", async () => {
    await atGrainchain("lately", { heardMs: 119_000 });
    await atGrainchain("queued", { state: "queued" });
    await atGrainchain("done", { state: "timed_out" });
    const { watch, asked } = watchdog(standing("completed", { results: { success: true } }));

    await watch();

    expect(asked).toEqual([]);
  });

  test("asks for many, two at a time", async () => {
    for (let i = 0; i < 20; i++) await atGrainchain(`v${i}`);
    const { watch, asked, mostAtOnce } = watchdog(standing("completed", { results: { success: true } }));

    await watch();

    expect(new Set(asked).size).toBe(20);
    expect(asked).toHaveLength(20);
    expect(mostAtOnce()).toBe(2);
    expect(await count("SELECT count(*) FROM validations WHERE state = 'completed'")).toBe(20);
  });

  describe("stops asking in this run once Grainchain hangs", () => {
    /** Each answer takes ten seconds. */
    const hanging = () => {
      const clock = { nowMs: NOW.getTime() };
      return watchdog(() => {
        clock.nowMs += 10_000;
        return Promise.reject(new DOMException("timed out", "TimeoutError"));
      }, clock);
    };

    test("after a group of calls", async () => {
      for (let i = 0; i < 20; i++) await atGrainchain(`v${i}`);
      const { watch, asked } = hanging();
      await watch();
      expect(asked).toHaveLength(2);
    });

    test("after one at a time while the gate is closed", async () => {
      for (let i = 0; i < 20; i++) await atGrainchain(`v${i}`);
      await closeGate("unavailable");
      const { watch, asked } = hanging();
      await watch();
      expect(asked).toHaveLength(2);
    });
  });
});
