import { NO_RESULTS, NO_VERDICT } from "@webhook-gateway/shared/domain/results/verdict.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { empty, row, rows } from "../support/database.ts";
import { second } from "../support/facts.ts";
import { createDouble, json, take } from "../support/grainchain.ts";
import { queued, setSetting } from "../support/queued.ts";
import { timelineOf, validationOf } from "../support/recording.ts";
import { always, dispatch, gate, setting, states } from "./support.ts";

beforeEach(empty);

describe("an accepted validation", () => {
  test.each([
    ["pending", "pending", null],
    ["running", "running", null],
    ["cancelled", "cancelled", null],
  ])("answered as %s is %s", async (status, state, conclusion) => {
    const [id = ""] = await queued(1);
    await dispatch(createDouble((call) => take(call, () => ({ status }))));
    expect(await validationOf(id)).toMatchObject({
      state,
      conclusion,
      attempts: 1,
      grainchain_id: `grain-${id}`,
      error: null,
      lease_id: null,
      heard_at: second(3600),
    });
    expect((await timelineOf(id)).map(({ to_state, reason }) => [to_state, reason])).toEqual([
      ["queued", "queued by pull_request opened"],
      ["dispatching", "claimed for dispatch"],
      [state, `accepted by Grainchain as ${status}`],
    ]);
    expect(await setting("seen:grainchain")).toEqual({ at: second(3600), outcome: "ok", detail: "" });
  });

  test.each([
    [{ results: { success: true } }, { state: "completed", conclusion: "success", error: null }],
    [{ results: { success: false } }, { state: "completed", conclusion: "failure", error: null }],
    [
      { success: false, results: { success: true } },
      { state: "completed", conclusion: "failure", error: null },
    ],
    [{ success: false }, { state: "completed", conclusion: "failure", error: null }],
    // Every accepted request is answered with this success.
    [{ success: true }, { state: "failed", conclusion: null, error: NO_RESULTS }],
    [{ results: null }, { state: "failed", conclusion: null, error: NO_RESULTS }],
    [{ results: "all is well" }, { state: "failed", conclusion: null, error: NO_RESULTS }],
    [{ results: { n: 1 } }, { state: "failed", conclusion: null, error: NO_VERDICT }],
  ])("answered as completed with %j is %j", async (fields, end) => {
    const [id = ""] = await queued(1);
    await dispatch(createDouble((call) => take(call, () => ({ status: "completed", ...fields }))));
    const found = await validationOf(id);
    expect(found).toMatchObject({ ...end, attempts: 1, grainchain_id: `grain-${id}` });
    const { results } = fields as { results?: unknown };
    const kept = typeof results === "object" ? results : null;
    expect(JSON.parse(found.results ?? "null")).toEqual(kept ?? null);
    expect((await timelineOf(id)).at(-1)?.reason).toBe(
      `accepted by Grainchain as completed${end.state === "failed" ? " without a verdict" : ""}`,
    );
  });

  test("keeps results that are too large for one statement", async () => {
    const [id = ""] = await queued(1);
    const results = { success: true, output: "x".repeat(300_000) };
    await dispatch(createDouble((call) => take(call, () => ({ status: "completed", results }))));
    expect(JSON.parse((await validationOf(id)).results ?? "")).toEqual(results);
    expect(await rows("SELECT id FROM callback_results")).toEqual([]);
  });

  test.each([200, 201, 202, 207])("is one in an answer of status %d", async (status) => {
    const [id = ""] = await queued(1);
    await dispatch(createDouble(async (call) => json(await take(call).json(), status)));
    expect((await validationOf(id)).state).toBe("pending");
  });

  test("may share its Grainchain id with another validation", async () => {
    const ids = await queued(3);
    await dispatch(createDouble((call) => take(call, () => ({ validation_id: "the-same" }))));
    expect(await states(ids)).toEqual(["pending", "pending", "pending"]);
  });

  test.each(["", ".", "..", "../../health", "a/b", "a b", "é", "x".repeat(201)])(
    "has a usable Grainchain id, or is unreadable: %j",
    async (validation_id) => {
      const [id = ""] = await queued(1);
      await dispatch(createDouble((call) => take(call, () => ({ validation_id }))));
      expect(await validationOf(id)).toMatchObject({
        state: "queued",
        attempts: 1,
        grainchain_id: null,
        error: "Grainchain's answer could not be read",
      });
    },
  );

  test("may have no Grainchain id", async () => {
    const [id = ""] = await queued(1);
    await dispatch(createDouble((call) => take(call, () => ({ validation_id: null }))));
    expect(await validationOf(id)).toMatchObject({ state: "pending", grainchain_id: null });
  });
});

describe("a single answer for everything", () => {
  const network = (): Response => {
    throw new TypeError("fetch failed", { cause: new Error("s3cret") });
  };
  const table: readonly (readonly [string, () => Response, string, { attempts: number; until?: number }])[] =
    [
      ["429", () => json({}, 429), "backpressure", { attempts: 0, until: 10 }],
      [
        "429 with Retry-After",
        () => json({}, 429, { "retry-after": "77" }),
        "backpressure",
        { attempts: 0, until: 77 },
      ],
      [
        "429 with an absurd Retry-After",
        () => json({}, 429, { "retry-after": "86400" }),
        "backpressure",
        { attempts: 0, until: 600 },
      ],
      [
        "429 with a Retry-After that is past",
        () => json({}, 429, { "retry-after": "Thu, 01 Jan 2026 00:00:00 GMT" }),
        "backpressure",
        { attempts: 0, until: 10 },
      ],
      [
        "401 with an absurd Retry-After",
        () => json({}, 401, { "retry-after": "Fri, 31 Dec 9999 23:59:59 GMT" }),
        "configuration",
        { attempts: 0, until: 60 },
      ],
      ["503", () => json({}, 503), "backpressure", { attempts: 0, until: 10 }],
      [
        "503 with Retry-After",
        () => json({}, 503, { "retry-after": "3" }),
        "backpressure",
        { attempts: 0, until: 3 },
      ],
      ["401", () => json({}, 401), "configuration", { attempts: 0, until: 10 }],
      ["403", () => json({}, 403), "configuration", { attempts: 0, until: 10 }],
      ["404 everywhere", () => json({}, 404), "configuration", { attempts: 0, until: 10 }],
      [
        "a redirect",
        () => new Response(null, { status: 302, headers: { location: "https://evil.test" } }),
        "configuration",
        { attempts: 0, until: 10 },
      ],
      ["500", () => json({}, 500), "retryable", { attempts: 1 }],
      [
        "502 in HTML",
        () => new Response("<html>Bad gateway</html>", { status: 502 }),
        "retryable",
        { attempts: 1 },
      ],
      ["408", () => json({}, 408), "retryable", { attempts: 1 }],
      ["a network error", network, "retryable", { attempts: 1 }],
      ["HTML", () => new Response("<html>Welcome</html>"), "retryable", { attempts: 1 }],
      ["nothing", () => new Response(""), "retryable", { attempts: 1 }],
      ["JSON of another shape", () => json([1, 2]), "retryable", { attempts: 1 }],
      ["null", () => json(null), "retryable", { attempts: 1 }],
      ["results that are not a list", () => json({ results: {} }), "retryable", { attempts: 1 }],
    ];
  test.each(table)("%s leaves all queued", async (_name, answer, failureClass, { attempts, until }) => {
    const ids = await queued(3);
    const { wakeAt } = await dispatch(always(answer));
    const backsOff = failureClass === "retryable";
    for (const id of ids) {
      const validation = await validationOf(id);
      expect(validation).toMatchObject({ state: "queued", attempts, lease_id: null });
      expect(validation.due_at).toBe(backsOff ? second(3605) : null);
      expect((await timelineOf(id)).at(-1)?.reason).toMatch(new RegExp(`^${failureClass}: `));
    }
    // If a backoff begins, the gate closes for as long: Grainchain is away for all of them.
    const wakes = backsOff ? [3605] : [3600 + (until ?? 0)];
    expect(wakeAt).toEqual(wakes.map(second));
    expect(await gate()).toMatchObject(
      until === undefined
        ? { state: "closed", reason: "unavailable", until: second(3605), step: 1 }
        : { state: "closed", reason: failureClass, until: second(3600 + until), step: 1 },
    );
    expect(await setting("seen:grainchain")).toMatchObject({ outcome: failureClass });
    expect(await rows("SELECT id FROM dead_letters")).toEqual([]);
  });

  test.each([400, 405, 409, 413, 422])("HTTP %d of single calls kills each at once", async (status) => {
    const ids = await queued(2);
    await setSetting("grainchain:no-batch-until", second(9999));
    await dispatch(always(() => json({ detail: "bad sha" }, status)));
    expect(await states(ids)).toEqual(["dead", "dead"]);
    expect(await validationOf(ids[0] ?? "")).toMatchObject({
      attempts: 1,
      error: `HTTP ${status}: {"detail":"bad sha"}`,
    });
    expect(await row("SELECT * FROM dead_letters WHERE validation_id = ?1", ids[0])).toMatchObject({
      id: `dispatch-${ids[0]}`,
      kind: "dispatch",
      class: "permanent",
      error: `HTTP ${status}: {"detail":"bad sha"}`,
      attempts: 1,
      died_at: second(3600),
      status: "open",
    });
  });

  test("a call that takes too long is given up", async () => {
    const [id = ""] = await queued(1);
    await dispatch(
      createDouble(() => new Promise<Response>(() => {})),
      { config: { requestTimeoutMs: 20 } },
    );
    expect(await validationOf(id)).toMatchObject({
      state: "queued",
      attempts: 1,
      error: expect.stringContaining("TimeoutError"),
    });
  });

  test("an answer that breaks off may be tried again", async () => {
    const [id = ""] = await queued(1);
    const broken = new ReadableStream({
      pull(controller) {
        controller.error(new Error("connection lost"));
      },
    });
    await dispatch(always(() => new Response(broken)));
    expect(await validationOf(id)).toMatchObject({ state: "queued", attempts: 1 });
  });
});
