import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { count, empty, intercept } from "../support/database.ts";
import { freshRepository, second } from "../support/facts.ts";
import { type Call, clockAt, createDouble, json, take } from "../support/grainchain.ts";
import { queued, setSetting } from "../support/queued.ts";
import { setValidation } from "../support/recording.ts";
import { always, asked, closedUntil, dispatch, gate, setting, states, willing } from "./support.ts";

beforeEach(empty);

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

  test("is not held by a dispatch that finds nothing to send", async () => {
    await setSetting("gate:grainchain", closedUntil(3600));
    await dispatch(willing());
    expect(await gate()).toMatchObject({ until: second(3600) });
    const ids = await queued(1);
    await dispatch(willing());
    expect(await states(ids)).toEqual(["pending"]);
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
      await dispatch(always(() => json({}, 429, { "retry-after": "500" })));
      return answer(call);
    });
    await dispatch(slow, { clock: clockAt(3601) });
    expect(await gate()).toMatchObject({ state: "closed", until: second(4100) });
  });

  test("opens when the configuration is fixed", async () => {
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

  test("are not set back by what is tried again", async () => {
    const clock = clockAt(3600);
    const [first] = await queued(5);
    const refusing = createDouble((call) =>
      take(call, ({ client_request_id }) => (client_request_id === first ? undefined : {})),
    );
    await dispatch(refusing, { clock });
    expect(await setting("turn")).toBe(5);
    clock.nowMs += 10_000;
    await dispatch(willing(), { clock });
    expect(await states([first ?? ""])).toEqual(["pending"]);
    expect(await setting("turn")).toBe(5);
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
