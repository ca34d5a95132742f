import { beforeEach, describe, expect, test } from "vitest";
import { count, empty, rows, rowsReadBy } from "../support/database.ts";
import { second } from "../support/facts.ts";
import { type Call, clockAt, createDouble, json, take } from "../support/grainchain.ts";
import { queued, setSetting } from "../support/queued.ts";
import { setValidation, validationOf } from "../support/recording.ts";
import { always, asked, dispatch, gate, setting, states, willing } from "./support.ts";

beforeEach(empty);

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
    expect(await setting("seen:grainchain")).toEqual({ at: second(3600), outcome: "ok", detail: "" });
  });

  test("wakes for the first of the backoffs that begin with it", async () => {
    const [one = "", two = "", three = ""] = await queued(3);
    await setValidation(one, { attempts: 3 });
    const { wakeAt } = await dispatch(
      createDouble((call) =>
        take(call, ({ client_request_id }) => (client_request_id === three ? {} : undefined)),
      ),
    );
    expect(await validationOf(one)).toMatchObject({ state: "queued", due_at: second(3640) });
    expect(await validationOf(two)).toMatchObject({ state: "queued", due_at: second(3605) });
    expect(wakeAt).toEqual([second(3605)]);
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

  test("that finds CodegenApp's server full gives no success of its own as the reason", async () => {
    const [one = ""] = await queued(1);
    const full = { success: true, status: "failed", message: "Validation triggered for PR #12" };
    await dispatch(createDouble((call) => take(call, () => full)));
    expect(await validationOf(one)).toMatchObject({ state: "queued", error: "Grainchain is at capacity" });
    expect(await gate()).toMatchObject({ reason: "backpressure", detail: "Grainchain is at capacity" });
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

test("after twenty batches the rest is left to a wake-up at once", async () => {
  await queued(2001);
  const double = willing();
  expect(await dispatch(double)).toEqual({ dispatched: 2000, wakeAt: [second(3600)] });
  expect(double.calls).toHaveLength(20);
  expect(await dispatch(double)).toEqual({ dispatched: 1, wakeAt: [] });
});

test("a commit that many pull requests share costs each of them a few rows, not one for each other", async () => {
  await queued(400);
  expect(await rowsReadBy((db) => dispatch(willing(), { db }))).toBeLessThan(100_000);
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

  test("gets at most two calls at a time", async () => {
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
    expect(most).toBe(2);
    expect(double.calls).toHaveLength(21);
    expect(await count("SELECT count(*) FROM validations WHERE state = 'pending'")).toBe(20);
  });

  test("is asked no further once it is full", async () => {
    const ids = await queued(20);
    const double = createDouble((call, number) => {
      if (call.path === "/trigger-batch") return json({}, 404);
      return number > 3 ? json({}, 429, { "retry-after": "33" }) : take(call);
    });
    await dispatch(double);
    expect(double.calls).toHaveLength(5);
    expect((await states(ids)).filter((state) => state === "pending")).toHaveLength(2);
    expect(await count("SELECT sum(attempts) FROM validations WHERE state = 'queued'")).toBe(0);
    expect(await gate()).toMatchObject({ state: "closed", until: second(3633) });
  });

  test("is asked for a batch again at once if its single form was absent too", async () => {
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
