import { env } from "cloudflare:workers";
import { verifyCapability } from "@webhook-gateway/shared/capability.ts";
import { createLog } from "@webhook-gateway/shared/log.ts";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { dispatchDue } from "../src/dispatch.ts";
import { count, countStatements, empty, intercept, migrate, row, rows } from "./support/database.ts";
import { callback, freshRepository, pullRequest, second, sha } from "./support/facts.ts";
import {
  type Call,
  clockAt,
  createDouble,
  type Double,
  type EffectOptions,
  effectDeps,
  json,
  take,
} from "./support/grainchain.ts";
import { expectConsistent } from "./support/invariants.ts";
import { queued, setSetting } from "./support/queued.ts";
import { record, setValidation, timelineOf, validationOf } from "./support/recording.ts";

beforeEach(async () => {
  await migrate();
  await empty();
});

const willing = (): Double => createDouble((call) => take(call));
const always = (answer: () => Response): Double => createDouble(answer);
const dispatch = (double: Double, options?: EffectOptions) => dispatchDue(effectDeps(double, options));

interface StoredGate {
  readonly state: string;
  readonly reason?: string;
  readonly until?: string;
  readonly step?: number;
}
async function setting(name: string): Promise<unknown> {
  const [stored] = await rows<{ value: string }>("SELECT value FROM settings WHERE name = ?1", name);
  return stored === undefined ? undefined : JSON.parse(stored.value);
}
/** Nothing stored: never closed. */
async function gate(): Promise<StoredGate> {
  const [stored] = await rows<{ value: string }>("SELECT value FROM settings WHERE name = 'gate:grainchain'");
  return stored === undefined ? { state: "open" } : JSON.parse(stored.value);
}
const closedUntil = (until: number, step = 1) => ({
  state: "closed",
  reason: "backpressure",
  detail: "full",
  since: second(0),
  until: second(until),
  step,
});
const states = async (ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => (await validationOf(id)).state));
const asked = (call: Call | undefined) => (call?.requests ?? []).map((request) => request.client_request_id);

describe("a request", () => {
  test("holds exactly what the contract says, in one batch", async () => {
    const [id = ""] = await queued(1);
    const double = willing();
    await dispatch(double);
    const validation = await validationOf(id);
    const repository = `octo/widgets-${validation.repository_id - 1_000_000}`;
    expect(double.calls).toHaveLength(1);
    const [call] = double.calls;
    expect([call?.method, call?.path, call?.redirect]).toEqual(["POST", "/trigger-batch", "manual"]);
    expect(call?.body).toEqual({
      requests: [
        {
          project_id: repository,
          pr_number: 1,
          pr_url: `https://github.com/${repository}/pull/1`,
          head_sha: sha("a"),
          base_sha: sha("base"),
          webhook_url: expect.stringMatching(
            new RegExp(`^https://gateway\\.test/callbacks/${id}/[\\w-]{43}$`),
          ),
          client_request_id: id,
          timeout_ms: 60_000,
          max_memory: "512MB",
          event: "pull_request",
          ref: "topic",
          clone_url: `https://github.com/${repository}.git`,
        },
      ],
    });
    const token = String(call?.requests[0]?.webhook_url).split("/").at(-1) ?? "";
    expect(await verifyCapability("callback secret", id, token)).toBe(true);
  });

  test("names itself, its request and its key, and authorizes only where a key is set", async () => {
    await queued(2);
    const [open, keyed] = [willing(), willing()];
    await dispatch(open);
    await queued(1);
    await dispatch(keyed, { grainchain: { apiKey: "s3cret" } });
    const headers = open.calls[0]?.headers;
    expect(headers?.get("user-agent")).toBe("webhook-gateway");
    expect(headers?.get("content-type")).toBe("application/json");
    expect(headers?.get("x-request-id")).toMatch(/^[\w-]{36}$/);
    expect(headers?.get("idempotency-key")).toMatch(/^[0-9a-f]{64}$/);
    expect(headers?.has("authorization")).toBe(false);
    expect(keyed.calls[0]?.headers.get("authorization")).toBe("Bearer s3cret");
    expect(keyed.calls[0]?.headers.get("idempotency-key")).not.toBe(headers?.get("idempotency-key"));
  });

  test("of a single call has the validation's id as its key", async () => {
    const [id = ""] = await queued(1);
    await setSetting("grainchain:no-batch-until", second(9999));
    const double = willing();
    await dispatch(double);
    expect(double.calls.map(({ path }) => path)).toEqual(["/trigger"]);
    expect(double.calls[0]?.headers.get("idempotency-key")).toBe(id);
    expect(double.calls[0]?.body).toMatchObject({ client_request_id: id, project_id: expect.any(String) });
    expect(await validationOf(id)).toMatchObject({ state: "pending", grainchain_id: `grain-${id}` });
  });

  test("has the same key for the same validations", async () => {
    const [id = ""] = await queued(1);
    const double = always(() => json({}, 500));
    await dispatch(double);
    await env.DB.prepare("UPDATE validations SET due_at = NULL WHERE id = ?1").bind(id).run();
    await setSetting("gate:grainchain", { state: "open" });
    await dispatch(double);
    const keys = double.calls.map(({ headers }) => headers.get("idempotency-key"));
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });
});

describe("calls", () => {
  test.each([
    [1, [1]],
    [100, [100]],
    [101, [100, 1]],
    [250, [100, 100, 50]],
  ])("for %d queued are of %j", async (total, sizes) => {
    const ids = await queued(total);
    const double = willing();
    expect(await dispatch(double)).toEqual({ dispatched: total, wakeAt: [] });
    expect(double.calls.map((call) => call.requests.length)).toEqual(sizes);
    expect(double.calls.flatMap(asked).toSorted()).toEqual(ids.toSorted());
    expect(await count("SELECT count(*) FROM validations WHERE state = 'pending'")).toBe(total);
  });

  test("are none where nothing is due", async () => {
    const double = willing();
    expect(await dispatch(double)).toEqual({ dispatched: 0, wakeAt: [] });
    expect(double.calls).toEqual([]);
  });

  test("leave the rest to a wake-up after twenty", async () => {
    await queued(2001);
    const double = willing();
    expect(await dispatch(double)).toEqual({ dispatched: 2000, wakeAt: [second(3600)] });
    expect(double.calls).toHaveLength(20);
  });

  test("cost the same number of D1 statements for 1 and 100 validations", async () => {
    const statementsFor = async (total: number) => {
      await queued(total);
      const { db, statements } = countStatements(env.DB);
      await dispatchDue(effectDeps(willing(), { db, config: { maxConcurrent: 1000 } }));
      // A full round is followed by one that finds nothing.
      return total === 100 ? statements() - 7 : statements();
    };
    expect(await statementsFor(1)).toBe(await statementsFor(100));
  });
});

describe("an accepted validation", () => {
  test.each([
    ["pending", "pending", null],
    ["running", "running", null],
    ["completed", "completed", "success"],
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

  test.each([200, 201, 202, 207])("is one in an answer of status %d", async (status) => {
    const [id = ""] = await queued(1);
    await dispatch(createDouble(async (call) => json(await take(call).json(), status)));
    expect((await validationOf(id)).state).toBe("pending");
  });

  test("may be one whose Grainchain id another has", async () => {
    const ids = await queued(3);
    await dispatch(createDouble((call) => take(call, () => ({ validation_id: "the same" }))));
    expect(await states(ids)).toEqual(["pending", "pending", "pending"]);
  });

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
      ["results that are no list", () => json({ results: {} }), "retryable", { attempts: 1 }],
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
    // Where a backoff begins, the gate closes for as long: Grainchain is away for all of them.
    const wakes = backsOff ? [3605, 3605] : [3600 + (until ?? 0)];
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

describe("an item of a batch", () => {
  test("that is missing from the answer is tried again, alone", async () => {
    const [one = "", two = ""] = await queued(2);
    await dispatch(
      createDouble((call) =>
        take(call, ({ client_request_id }) => (client_request_id === one ? undefined : {})),
      ),
    );
    expect(await validationOf(one)).toMatchObject({ state: "queued", attempts: 1, due_at: second(3605) });
    expect(await validationOf(two)).toMatchObject({ state: "pending" });
    expect(await gate()).toEqual({ state: "open" });
  });

  test("that cannot be read is tried again, alone", async () => {
    const [one = "", two = ""] = await queued(2);
    await dispatch(
      createDouble((call) =>
        take(call, ({ client_request_id }) => (client_request_id === one ? { status: "odd" } : {})),
      ),
    );
    expect(await validationOf(one)).toMatchObject({ state: "queued", attempts: 1 });
    expect(await validationOf(two)).toMatchObject({ state: "pending" });
  });

  test("that is refused for good dies alone, with the server's words", async () => {
    const [one = "", two = ""] = await queued(2);
    const refuse = { success: false, status: "failed", error_class: "permanent", message: "no such commit" };
    await dispatch(
      createDouble((call) =>
        take(call, ({ client_request_id }) => (client_request_id === one ? refuse : {})),
      ),
    );
    expect(await validationOf(one)).toMatchObject({ state: "dead", error: "no such commit", attempts: 1 });
    expect(await validationOf(two)).toMatchObject({ state: "pending" });
    expect(await gate()).toEqual({ state: "open" });
  });

  test("that finds Grainchain full waits, and with it whatever is not sent yet", async () => {
    const [one = "", two = ""] = await queued(2);
    const full = { success: false, status: "failed", message: "at capacity" };
    const { wakeAt } = await dispatch(
      createDouble((call) => take(call, ({ client_request_id }) => (client_request_id === one ? full : {}))),
    );
    expect(await validationOf(one)).toMatchObject({
      state: "queued",
      attempts: 0,
      due_at: null,
      error: "at capacity",
    });
    expect(await validationOf(two)).toMatchObject({ state: "pending" });
    expect(await gate()).toMatchObject({ state: "closed", reason: "backpressure", until: second(3610) });
    expect(wakeAt).toEqual([second(3610)]);
  });

  test("that finds Grainchain full waits as long as the answer's Retry-After says", async () => {
    await queued(1);
    await dispatch(
      createDouble(async (call) =>
        json(await take(call, () => ({ status: "failed" })).json(), 200, { "retry-after": "77" }),
      ),
    );
    expect(await gate()).toMatchObject({ state: "closed", reason: "backpressure", until: second(3677) });
  });
});

describe("a batch that is refused as a whole", () => {
  test.each([400, 413, 422])("with HTTP %d is split until the bad one stands alone", async (status) => {
    const ids = await queued(8);
    const bad = ids[5];
    const double = createDouble((call) =>
      asked(call).includes(bad ?? "") ? json({ detail: "bad" }, status) : take(call),
    );
    await dispatch(double);
    expect(await states(ids)).toEqual(ids.map((id) => (id === bad ? "dead" : "pending")));
    expect(double.calls.map((call) => call.requests.length)).toEqual([8, 4, 4, 2, 1, 1, 2]);
    expect(await rows("SELECT validation_id FROM dead_letters")).toEqual([{ validation_id: bad }]);
  });

  test("stops being split when Grainchain turns out to be full", async () => {
    const ids = await queued(8);
    const double = createDouble((_call, number) => (number === 1 ? json({}, 422) : json({}, 429)));
    await dispatch(double);
    expect(await states(ids)).toEqual(ids.map(() => "queued"));
    expect((await validationOf(ids[0] ?? "")).attempts).toBe(0);
    expect(await gate()).toMatchObject({ state: "closed", reason: "backpressure" });
  });
});

describe("a server without a batch endpoint", () => {
  const singleOnly = (status: number) => (call: Call) =>
    call.path === "/trigger-batch" ? json({ detail: "Not Found" }, status) : take(call);

  test.each([404, 405, 501])(
    "answers it with %d, gets single calls, and is not asked again for an hour",
    async (status) => {
      const clock = clockAt(3600);
      const ids = await queued(3);
      const double = createDouble(singleOnly(status));
      await dispatch(double, { clock });
      expect(double.calls.map(({ path }) => path)).toEqual([
        "/trigger-batch",
        "/trigger",
        "/trigger",
        "/trigger",
      ]);
      expect(await states(ids)).toEqual(["pending", "pending", "pending"]);
      expect(await gate()).toEqual({ state: "open" });
      const paths = async (at: number) => {
        clock.nowMs = Date.parse(second(at));
        double.calls.length = 0;
        await queued(1);
        await dispatch(double, { clock });
        return double.calls.map(({ path }) => path);
      };
      expect(await paths(3600 + 3599)).toEqual(["/trigger"]);
      expect(await paths(3600 + 3600)).toEqual(["/trigger-batch", "/trigger"]);
    },
  );

  test("gets at most six calls at a time", async () => {
    await queued(20);
    let [current, most] = [0, 0];
    const double = createDouble(async (call) => {
      if (call.path === "/trigger-batch") return json({}, 404);
      current++;
      most = Math.max(most, current);
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      current--;
      return take(call);
    });
    await dispatch(double);
    expect(most).toBe(6);
    expect(double.calls).toHaveLength(21);
    expect(await count("SELECT count(*) FROM validations WHERE state = 'pending'")).toBe(20);
  });

  test("is asked no further once it is full", async () => {
    const ids = await queued(20);
    const double = createDouble((call, number) => {
      if (call.path === "/trigger-batch") return json({}, 404);
      return number > 4 ? json({}, 429, { "retry-after": "33" }) : take(call);
    });
    await dispatch(double);
    expect(double.calls).toHaveLength(7);
    expect((await states(ids)).filter((state) => state === "pending")).toHaveLength(3);
    expect(await count("SELECT sum(attempts) FROM validations WHERE state = 'queued'")).toBe(0);
    expect(await gate()).toMatchObject({ state: "closed", until: second(3633) });
  });

  test("is asked for a batch again at once where its single form was absent too", async () => {
    const clock = clockAt(3600);
    await queued(1);
    await dispatch(
      always(() => json({}, 404)),
      { clock },
    );
    clock.nowMs += 10_000;
    const double = willing();
    await dispatch(double, { clock });
    expect(double.calls.map(({ path }) => path)).toEqual(["/trigger-batch"]);
  });

  test("keeps no call beyond the lease: what is left goes back at no cost", async () => {
    const clock = clockAt(3600);
    const ids = await queued(20);
    await setSetting("grainchain:no-batch-until", second(9999));
    const double = createDouble((call, number) => {
      if (number === 6) clock.nowMs += 31_000;
      return number > 6 ? json({}, 500) : take(call);
    });
    await dispatch(double, { clock });
    expect(double.calls).toHaveLength(6);
    expect((await states(ids)).filter((state) => state === "queued")).toHaveLength(14);
    expect(await count("SELECT sum(attempts) FROM validations WHERE state = 'queued'")).toBe(0);
    expect(await gate()).toEqual({ state: "open" });
  });
});

describe("attempts", () => {
  test("are made again by wake-ups alone, each at its own time", async () => {
    const clock = clockAt(3600);
    const ids = await queued(5);
    let spread = 0;
    const random = () => spread++ / 5;
    const away = always(() => new Response("boom", { status: 500 }));
    let wakes = [...(await dispatch(away, { clock, random })).wakeAt];
    const double = willing();
    // Nothing but the wake-ups moves the clock.
    for (let step = 0; wakes.length > 0 && step < 50; step++) {
      clock.nowMs = Math.min(...wakes.map((at) => Date.parse(at)));
      const { wakeAt } = await dispatch(double, { clock, random });
      wakes = [...wakes.filter((at) => Date.parse(at) > clock.nowMs), ...wakeAt];
    }
    expect(await states(ids)).toEqual(ids.map(() => "pending"));
    expect(clock.nowMs).toBeLessThan(Date.parse(second(3610)));
  });

  test("end in death after the most that are allowed, with the server's words", async () => {
    const clock = clockAt(3600);
    const [id = ""] = await queued(1);
    const double = always(() => new Response(`boom ${"é".repeat(5000)}`, { status: 500 }));
    const delays: number[] = [];
    for (let attempt = 1; attempt <= 8; attempt++) {
      expect((await validationOf(id)).state).toBe("queued");
      const { wakeAt } = await dispatch(double, { clock, random: () => 0 });
      const due = attempt < 8 ? wakeAt[0] : undefined;
      if (due !== undefined) delays.push(Math.round((Date.parse(due) - clock.nowMs) / 1000));
      clock.nowMs = due === undefined ? clock.nowMs : Date.parse(due);
    }
    expect(delays).toEqual([5, 10, 20, 40, 80, 160, 320]);
    expect(double.calls).toHaveLength(8);
    expect(await validationOf(id)).toMatchObject({
      state: "dead",
      attempts: 8,
      due_at: null,
      lease_id: null,
    });
    const letter = await row<{ error: string; class: string; attempts: number; bytes: number }>(
      "SELECT error, class, attempts, length(CAST(error AS BLOB)) AS bytes FROM dead_letters WHERE validation_id = ?1",
      id,
    );
    expect(letter).toMatchObject({ class: "retryable", attempts: 8 });
    expect(letter.error).toMatch(/^HTTP 500: boom é/);
    expect(letter.bytes).toBeLessThanOrEqual(2048);
    await dispatch(double, { clock });
    expect(double.calls).toHaveLength(8);
    await expectConsistent((await validationOf(id)).repository_id);
  });

  test("wait for their backoff, and hold up nothing else once Grainchain answers", async () => {
    const clock = clockAt(3600);
    const [one = ""] = await queued(1);
    const broken = always(() => json({}, 500));
    await dispatch(broken, { clock, random: () => 0.999999 });
    const [two = ""] = await queued(1);
    const double = willing();
    await dispatch(double, { clock });
    expect(double.calls).toEqual([]);
    clock.nowMs += 5_000;
    await dispatch(double, { clock });
    expect(double.calls.map(asked)).toEqual([[two]]);
    clock.nowMs += 2_500;
    await dispatch(double, { clock });
    expect(double.calls.map(asked)).toEqual([[two], [one]]);
  });

  test("of a waiting room are hardly spent while Grainchain is away for a day", async () => {
    const clock = clockAt(3600);
    const ids = await queued(40);
    const away = always(() => {
      throw new TypeError("connection refused");
    });
    for (const end = clock.nowMs + 86_400_000; clock.nowMs < end; ) {
      const { wakeAt } = await dispatch(away, { clock });
      const next = wakeAt.map((at) => Date.parse(at)).filter((ms) => ms > clock.nowMs);
      clock.nowMs = next.length === 0 ? clock.nowMs + 60_000 : Math.min(...next);
    }
    expect(await states(ids)).toEqual(ids.map(() => "queued"));
    clock.nowMs += 3_600_000;
    await dispatch(willing(), { clock });
    expect(await states(ids)).toEqual(ids.map(() => "pending"));
  });
});

describe("what may not be kept of an answer", () => {
  test("the callback's token and the key are cut out of a server's words", async () => {
    const [id = ""] = await queued(1);
    await setSetting("grainchain:no-batch-until", second(9999));
    const lines: string[] = [];
    const log = createLog({ debug: true, write: (_level, line) => lines.push(line) });
    const double = createDouble((call) =>
      json(
        { detail: [{ input: call.body, headers: { authorization: call.headers.get("authorization") } }] },
        422,
      ),
    );
    await dispatch(double, { log, grainchain: { apiKey: "s3cret-key" } });
    const token = String(double.calls[0]?.requests[0]?.webhook_url).split("/").at(-1) ?? "";
    expect(token).toHaveLength(43);
    const kept = JSON.stringify([
      await rows("SELECT * FROM validations"),
      await rows("SELECT * FROM timeline"),
      await rows("SELECT * FROM dead_letters"),
      await rows("SELECT * FROM settings"),
      lines,
    ]);
    expect(kept).toContain(id);
    expect(kept).toContain("HTTP 422");
    expect(kept).not.toContain(token);
    expect(kept).not.toContain("s3cret-key");
  });
});

describe("a closed gate", () => {
  test("lets nothing through before its time", async () => {
    const ids = await queued(3);
    await setSetting("gate:grainchain", closedUntil(3601));
    const double = willing();
    expect(await dispatch(double)).toMatchObject({ dispatched: 0 });
    expect(double.calls).toEqual([]);
    expect(await states(ids)).toEqual(["queued", "queued", "queued"]);
  });

  test("then lets one through, and opens for all when that is taken", async () => {
    const ids = await queued(150);
    await setSetting("gate:grainchain", closedUntil(3600, 4));
    const double = willing();
    await dispatch(double);
    expect(double.calls.map((call) => call.requests.length)).toEqual([1, 100, 49]);
    expect(await gate()).toEqual({ state: "open" });
    expect(new Set(await states(ids))).toEqual(new Set(["pending"]));
  });

  test("stays closed for longer when the one finds it full again", async () => {
    await queued(3);
    await setSetting("gate:grainchain", closedUntil(3600, 2));
    const double = always(() => json({}, 429));
    const { wakeAt } = await dispatch(double);
    expect(double.calls.map((call) => call.requests.length)).toEqual([1]);
    expect(await gate()).toMatchObject({ state: "closed", step: 3, until: second(3640), since: second(0) });
    expect(wakeAt).toEqual([second(3640)]);
  });

  test("lets only one through however many ask at once", async () => {
    await queued(5);
    await setSetting("gate:grainchain", closedUntil(3600));
    const double = always(() => json({}, 429));
    await Promise.all([1, 2, 3].map(() => dispatch(double)));
    expect(double.calls.map((call) => call.requests.length)).toEqual([1]);
  });

  test("lets the next through when the probe never came back", async () => {
    const clock = clockAt(3600);
    const ids = await queued(2);
    await setSetting("gate:grainchain", closedUntil(3600));
    let trips = 0;
    const dying = intercept(env.DB, () => {
      trips++;
      if (trips > 2) throw new Error("D1_ERROR: Network connection lost.");
    });
    await expect(dispatch(willing(), { clock, db: dying })).rejects.toThrow();
    const double = willing();
    clock.nowMs += 59_000;
    await dispatch(double, { clock });
    expect(double.calls).toEqual([]);
    clock.nowMs += 2_000;
    await dispatch(double, { clock });
    expect(double.calls.map((call) => call.requests.length)[0]).toBe(1);
    expect((await states(ids)).toSorted()).toEqual(["pending", "queued"]);
  });

  test.each([
    ["got no answer", () => json({}, 500)],
    ["was taken", (call: Call) => take(call)],
  ])("is not opened by a slower dispatch that %s", async (_name, answer) => {
    await queued(1);
    const slow = createDouble(async (call) => {
      // Meanwhile another finds it full, and is asked to stay away for long.
      await queued(1);
      await dispatch(always(() => json({}, 429, { "retry-after": "900" })));
      return answer(call);
    });
    await dispatch(slow, { clock: clockAt(3601) });
    expect(await gate()).toMatchObject({ state: "closed", until: second(4500) });
  });

  test("opens when the configuration is mended", async () => {
    const clock = clockAt(3600);
    const ids = await queued(2);
    const refusing = always(() => json({}, 401));
    const waits: number[] = [];
    for (let probe = 0; probe < 5; probe++) {
      const { wakeAt } = await dispatch(refusing, { clock });
      const [until = ""] = wakeAt;
      waits.push((Date.parse(until) - clock.nowMs) / 1000);
      clock.nowMs = Date.parse(until);
    }
    expect(waits).toEqual([10, 20, 40, 60, 60]);
    await dispatch(willing(), { clock });
    expect(await states(ids)).toEqual(["pending", "pending"]);
    expect(await count("SELECT sum(attempts) FROM validations")).toBe(2);
    expect(await gate()).toEqual({ state: "open" });
  });
});

describe("while the call is under way", () => {
  async function meanwhile(
    happens: (id: string, repository: ReturnType<typeof freshRepository>) => Promise<unknown>,
    answer = take,
  ) {
    const repository = freshRepository();
    await record([pullRequest(repository)("opened", "a", 1)]);
    const id = `${repository.id}-pr-12-${sha("a")}-1`;
    const double = createDouble(async (call) => {
      await happens(id, repository);
      return answer(call);
    });
    await dispatch(double);
    await expectConsistent(repository.id);
    return { id, repository };
  }
  const cancels = (id: string) =>
    rows("SELECT grainchain_id, status, reason FROM cancels WHERE validation_id = ?1", id);

  test("a validation that is closed is cancelled at Grainchain too", async () => {
    const { id } = await meanwhile((_id, repository) => record([pullRequest(repository)("closed", "a", 2)]));
    expect(await validationOf(id)).toMatchObject({
      state: "cancelled",
      grainchain_id: `grain-${id}`,
      attempts: 1,
    });
    expect(await cancels(id)).toEqual([
      { grainchain_id: `grain-${id}`, status: "due", reason: "cancelled while it was being dispatched" },
    ]);
  });

  test("a validation that is superseded is cancelled at Grainchain, and the newer one is not", async () => {
    const { id, repository } = await meanwhile((_id, { ...to }) =>
      record([pullRequest(to)("synchronize", "b", 2, { before: sha("a") })]),
    );
    expect((await validationOf(id)).state).toBe("superseded");
    expect(await cancels(id)).toHaveLength(1);
    const newer = `${repository.id}-pr-12-${sha("b")}-1`;
    expect(await cancels(newer)).toEqual([]);
  });

  test("a validation that is completed stays so", async () => {
    const { id } = await meanwhile((own, repository) =>
      record([callback(repository, own, "completed", { results: { n: 1 } })]),
    );
    expect(await validationOf(id)).toMatchObject({
      state: "completed",
      grainchain_id: `grain-${id}`,
      results: '{"n":1}',
    });
    expect(await cancels(id)).toEqual([]);
  });

  test.each([
    [500, "running"],
    [429, "running"],
  ])("a validation that runs is not queued again by an answer of %d", async (status, state) => {
    const { id } = await meanwhile(
      (own, repository) => record([callback(repository, own, "running")]),
      () => json({}, status),
    );
    expect(await validationOf(id)).toMatchObject({ state, due_at: null });
  });

  test("a validation that is closed stays cancelled where the call fails", async () => {
    const { id } = await meanwhile(
      (_id, repository) => record([pullRequest(repository)("closed", "a", 2)]),
      () => json({}, 500),
    );
    expect(await validationOf(id)).toMatchObject({ state: "cancelled", attempts: 0 });
    expect(await cancels(id)).toEqual([]);
  });
});

describe("a lease", () => {
  test("lasts for the call's time and 30 seconds more", async () => {
    const [id = ""] = await queued(1);
    const double = createDouble(async (call) => {
      expect(
        await row("SELECT state, lease_until, dispatched_at FROM validations WHERE id = ?1", id),
      ).toEqual({
        state: "dispatching",
        lease_until: second(3660),
        dispatched_at: second(3600),
      });
      return take(call);
    });
    await dispatch(double);
    expect((await validationOf(id)).state).toBe("pending");
  });

  test("that has run out costs an attempt, and the validation is sent again under the same key", async () => {
    const clock = clockAt(3600);
    const [id = ""] = await queued(1);
    let trips = 0;
    const dying = intercept(env.DB, () => {
      trips++;
      if (trips > 2) throw new Error("D1_ERROR: Network connection lost.");
    });
    const lost = willing();
    await expect(dispatch(lost, { clock, db: dying })).rejects.toThrow("Network connection lost");
    expect((await validationOf(id)).state).toBe("dispatching");
    clock.nowMs += 60_001;
    await dispatch(willing(), { clock });
    expect(await validationOf(id)).toMatchObject({ state: "queued", attempts: 1 });
    clock.nowMs += 5_000;
    const again = willing();
    await dispatch(again, { clock });
    expect(await validationOf(id)).toMatchObject({ state: "pending", attempts: 2 });
    expect(again.calls[0]?.headers.get("idempotency-key")).toBe(
      lost.calls[0]?.headers.get("idempotency-key"),
    );
  });

  test("that has not run out is left alone", async () => {
    const clock = clockAt(3600);
    const [id = ""] = await queued(1);
    await setValidation(id, { state: "dispatching", lease_id: "another", lease_until: second(3660) });
    clock.nowMs += 60_000;
    await dispatch(willing(), { clock });
    expect(await validationOf(id)).toMatchObject({ state: "dispatching", lease_id: "another", attempts: 0 });
  });

  test("of another dispatch is not ended by a late failure", async () => {
    const [id = ""] = await queued(1);
    const late = createDouble(async () => {
      await setValidation(id, { lease_id: "another", lease_until: second(9999) });
      return json({}, 500);
    });
    await dispatch(late);
    expect(await validationOf(id)).toMatchObject({ state: "dispatching", lease_id: "another", attempts: 0 });
  });

  test("that another has taken over is ended by a late acceptance", async () => {
    const [id = ""] = await queued(1);
    const late = createDouble(async (call) => {
      await setValidation(id, { lease_id: "another", lease_until: second(9999) });
      return take(call);
    });
    await dispatch(late);
    expect(await validationOf(id)).toMatchObject({ state: "pending", lease_id: null });
  });
});

describe("GRAINCHAIN_MAX_CONCURRENT", () => {
  test("caps what is in flight, also with two dispatches at once", async () => {
    await queued(30);
    const double = willing();
    await Promise.all([1, 2].map(() => dispatch(double, { config: { maxConcurrent: 10 } })));
    expect(double.calls.flatMap(asked)).toHaveLength(10);
    expect(await count("SELECT count(*) FROM validations WHERE state = 'pending'")).toBe(10);
  });

  test("lets on what others have left room for", async () => {
    const ids = await queued(5);
    await setValidation(ids[0] ?? "", { state: "running", heard_at: second(0) });
    await setValidation(ids[1] ?? "", { state: "pending", heard_at: second(0) });
    await setValidation(ids[2] ?? "", { state: "dispatching", lease_id: "x", lease_until: second(9999) });
    const double = willing();
    await dispatch(double, { config: { maxConcurrent: 4 } });
    expect(double.calls.flatMap(asked)).toEqual([ids[3]]);
    await dispatch(double, { config: { maxConcurrent: 2 } });
    expect(double.calls).toHaveLength(1);
  });
});

describe("turns", () => {
  test("give two dispatches at once different validations", async () => {
    await queued(150);
    const double = willing();
    await Promise.all([dispatch(double), dispatch(double)]);
    const all = double.calls.flatMap(asked);
    expect(all).toHaveLength(150);
    expect(new Set(all).size).toBe(150);
  });

  test("have a repository with one validation wait for one batch, not for another's 300", async () => {
    await queued(300);
    const double = createDouble(async (call, number) => {
      if (number === 1) single.push(...(await queued(1)));
      return take(call);
    });
    const single: string[] = [];
    await dispatch(double);
    expect(asked(double.calls[1])).toContain(single[0]);
  });

  test("hold no busy past against a repository", async () => {
    const busy = freshRepository();
    await queued(100, busy);
    await dispatch(willing());
    await queued(150);
    const [next = ""] = await queued(1, busy, 101);
    const double = willing();
    await dispatch(double);
    expect(asked(double.calls[0])).toContain(next);
  });

  test("alternate between repositories that were recorded one after the other", async () => {
    await queued(100);
    const others = await queued(100);
    const double = willing();
    await dispatch(double);
    expect(asked(double.calls[0]).filter((id) => others.includes(id))).toHaveLength(50);
  });

  test("put replayed work behind live work, however old", async () => {
    const replayed = await queued(100);
    await env.DB.prepare("UPDATE validations SET lane = 1").run();
    const live = await queued(1);
    const double = willing();
    await dispatch(double, { config: { maxConcurrent: 1 } });
    expect(double.calls.flatMap(asked)).toEqual(live);
    await dispatch(double);
    expect(double.calls.slice(1).flatMap(asked).toSorted()).toEqual(replayed.toSorted());
  });
});

test("logs one line a batch", async () => {
  await queued(2);
  const write = vi.fn<(level: string, line: string) => void>();
  await dispatch(willing(), { log: createLog({ debug: false, write }) });
  expect(write.mock.calls.map(([, line]) => JSON.parse(line))).toEqual([
    {
      level: "info",
      event: "dispatch.batch",
      lease_id: expect.any(String),
      claimed: 2,
      calls: 1,
      duration_ms: 0,
      accepted: 2,
    },
  ]);
});
