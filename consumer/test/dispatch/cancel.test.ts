import { env } from "cloudflare:workers";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { cancelDue } from "../../src/dispatch/cancel.ts";
import { breakable, empty, row, rows } from "../support/database.ts";
import { freshRepository, pullRequest, second, sha } from "../support/facts.ts";
import {
  type Call,
  clockAt,
  createDouble,
  type Double,
  type EffectOptions,
  effectDeps,
  json,
} from "../support/grainchain.ts";
import { setSetting } from "../support/queued.ts";
import { record, setValidation } from "../support/recording.ts";
import { closedUntil } from "./support.ts";

beforeEach(empty);

/** Validations that Grainchain had when their pull requests were closed. */
async function cancelled(total = 1): Promise<string[]> {
  const repository = freshRepository();
  const numbers = Array.from({ length: total }, (_, index) => index + 1);
  await record(numbers.map((number) => pullRequest(repository, number)("opened", "a", 1)));
  const ids = numbers.map((number) => `${repository.id}-pr-${number}-${sha("a")}-1`);
  for (const [index, id] of ids.entries()) {
    await setValidation(id, { state: "running", grainchain_id: `grain/${index + 1}` });
  }
  await record(numbers.map((number) => pullRequest(repository, number)("closed", "a", 2)));
  return ids;
}

const cancelOf = (id: string) => row("SELECT * FROM cancels WHERE validation_id = ?1", id);
const send = (double: Double, options?: EffectOptions) => cancelDue(effectDeps(double, options));
const always = (answer: (call: Call) => Response): Double => createDouble(answer);

test.each([
  [200, { success: true, message: "cancelled" }, "cancelled"],
  [204, null, "cancelled"],
  [404, { detail: "not found" }, "unknown"],
])("is done when Grainchain answers %d", async (status, body, outcome) => {
  const [id = ""] = await cancelled();
  const double = always(() => (status === 204 ? new Response(null, { status }) : json(body, status)));
  expect(await send(double, { grainchain: { apiKey: "s3cret" } })).toEqual([]);
  const [call] = double.calls;
  expect([call?.method, call?.path, call?.redirect]).toEqual(["DELETE", "/grain%2F1/cancel", "manual"]);
  expect(call?.headers.get("authorization")).toBe("Bearer s3cret");
  expect(call?.headers.get("x-request-id")).toMatch(/^[\w-]{36}$/);
  expect(await cancelOf(id)).toMatchObject({
    status: "done",
    outcome,
    attempts: 1,
    done_at: second(3600),
    error: null,
  });
  await send(double);
  expect(double.calls).toHaveLength(1);
});

describe("a failure that may pass", () => {
  const network = (): Response => {
    throw new TypeError("fetch failed");
  };
  test.each([
    ["500", () => json({ detail: "boom" }, 500)],
    ["408", () => json({}, 408)],
    ["a network error", network],
  ])("is tried again until it is dead: %s", async (_name, answer) => {
    const clock = clockAt(3600);
    const [id = ""] = await cancelled();
    const delays: number[] = [];
    for (let attempt = 1; attempt <= 8; attempt++) {
      const [wakeAt] = await send(always(answer), { clock, random: () => 0 });
      if (wakeAt === undefined) continue;
      expect(await cancelOf(id)).toMatchObject({ status: "due", attempts: attempt, due_at: wakeAt });
      delays.push(Math.round((Date.parse(wakeAt) - clock.nowMs) / 1000));
      clock.nowMs = Date.parse(wakeAt);
    }
    expect(delays).toEqual([5, 10, 20, 40, 80, 160, 320]);
    expect(await cancelOf(id)).toMatchObject({ status: "dead", attempts: 8 });
    expect(
      await row(
        "SELECT kind, class, attempts, validation_id, first_at FROM dead_letters WHERE id = ?1",
        `cancel-${id}`,
      ),
    ).toEqual({
      kind: "cancel",
      class: "retryable",
      attempts: 8,
      validation_id: id,
      first_at: second(3600),
    });
  });

  test("is not tried again before its time", async () => {
    const clock = clockAt(3600);
    await cancelled();
    const double = always(() => json({}, 500));
    await send(double, { clock, random: () => 0 });
    clock.nowMs += 4_000;
    await send(double, { clock });
    expect(double.calls).toHaveLength(1);
    clock.nowMs += 1_000;
    await send(double, { clock });
    expect(double.calls).toHaveLength(2);
  });
});

test.each([401, 403, 429, 503])("costs no attempt when Grainchain answers %d", async (status) => {
  const clock = clockAt(3600);
  const [id = ""] = await cancelled();
  for (let attempt = 0; attempt < 12; attempt++) {
    const [wakeAt] = await send(
      always(() => json({}, status)),
      { clock },
    );
    expect(wakeAt).toBe(new Date(clock.nowMs + 60_000).toISOString());
    clock.nowMs += 60_000;
  }
  expect(await cancelOf(id)).toMatchObject({ status: "due", attempts: 0 });
  await send(
    always(() => json({})),
    { clock },
  );
  expect(await cancelOf(id)).toMatchObject({ status: "done", attempts: 1 });
});

test.each([400, 409, 422])("is dead at once when Grainchain answers %d", async (status) => {
  const [id = ""] = await cancelled();
  await send(always(() => json({ detail: "no" }, status)));
  expect(await cancelOf(id)).toMatchObject({
    status: "dead",
    attempts: 1,
    error: `HTTP ${status}: {"detail":"no"}`,
  });
  expect(await row("SELECT class FROM dead_letters")).toEqual({ class: "permanent" });
});

test("sends many, two at a time, and one failure does not hold up the others", async () => {
  const ids = await cancelled(14);
  let [current, most] = [0, 0];
  const double = createDouble(async (call) => {
    current++;
    most = Math.max(most, current);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    current--;
    return call.path === "/grain%2F3/cancel" ? json({}, 500) : json({});
  });
  await send(double);
  expect(most).toBe(2);
  expect(double.calls).toHaveLength(14);
  const statuses = await rows<{ validation_id: string; status: string }>(
    "SELECT validation_id, status FROM cancels",
  );
  expect(statuses.filter(({ status }) => status === "due").map((one) => one.validation_id)).toEqual([ids[2]]);
});

test("sends each once, with two at work at once", async () => {
  await cancelled(6);
  const double = always(() => json({}));
  await Promise.all([send(double), send(double)]);
  expect(double.calls).toHaveLength(6);
});

test("sends again, after the lease, what it could not write down", async () => {
  const clock = clockAt(3600);
  const [id = ""] = await cancelled();
  const double = always(() => json({}));
  let trips = 0;
  const db = breakable(env.DB, () => {
    trips++;
    return trips > 1 ? new Error("D1_ERROR: Network connection lost.") : undefined;
  });
  await expect(send(double, { clock, db })).rejects.toThrow("Network connection lost");
  clock.nowMs += 119_000;
  await send(double, { clock });
  expect(double.calls).toHaveLength(1);
  clock.nowMs += 1_000;
  await send(double, { clock });
  expect(double.calls).toHaveLength(2);
  expect(await cancelOf(id)).toMatchObject({ status: "done" });
});

test("stays done if a slower answer says otherwise", async () => {
  const [id = ""] = await cancelled();
  const slow = createDouble(async () => {
    await env.DB.prepare("UPDATE cancels SET status = 'done', outcome = 'cancelled', done_at = ?1")
      .bind(second(3601))
      .run();
    return json({}, 500);
  });
  await send(slow);
  expect(await cancelOf(id)).toMatchObject({ status: "done", outcome: "cancelled", error: null });
});

test.each([
  ["not sent again under the id that it was sent under", "grain/1", "done", 1],
  ["sent again under a new id", "grain/2", "due", 0],
])("that is wanted once more is %s", async (_, grainchain_id, status, attempts) => {
  const [validation_id = ""] = await cancelled();
  await send(always(() => json({})));
  const again = { validation_id, grainchain_id, reason: "again" };
  await commit(env.DB, second(3700), [{ kind: "cancel", row: again }]);
  expect(await cancelOf(validation_id)).toMatchObject({ status, attempts, grainchain_id });
});

test("that is still due keeps the id under which it is", async () => {
  const [validation_id = ""] = await cancelled();
  const again = { validation_id, grainchain_id: "grain/2", reason: "again" };
  await commit(env.DB, second(3700), [{ kind: "cancel", row: again }]);
  expect(await cancelOf(validation_id)).toMatchObject({ status: "due", grainchain_id: "grain/1" });
});

test("is not sent while another live validation has the same id", async () => {
  const [id = ""] = await cancelled();
  const repository = freshRepository();
  await record([pullRequest(repository)("opened", "a", 1)]);
  const other = `${repository.id}-pr-12-${sha("a")}-1`;
  await setValidation(other, { state: "running", grainchain_id: "grain/1" });
  const double = always(() => json({ success: true, message: "cancelled" }));
  await send(double);
  expect(double.calls).toEqual([]);
  expect(await cancelOf(id)).toMatchObject({ status: "done", outcome: "shared" });
});

describe("while Grainchain is unavailable", () => {
  beforeEach(() => setSetting("gate:grainchain", { ...closedUntil(9_999, 8), reason: "unavailable" }));

  test("one is tried at a time, and a failure costs no attempt", async () => {
    const ids = await cancelled(5);
    const clock = clockAt(3600);
    const double = always(() => json({}, 500));
    for (let minute = 1; minute <= 20; minute++) {
      await send(double, { clock });
      expect(double.calls).toHaveLength(minute);
      clock.nowMs += 60_000;
    }
    // They take turns.
    expect(new Set(double.calls.map(({ path }) => path)).size).toBe(5);
    for (const id of ids) expect(await cancelOf(id)).toMatchObject({ status: "due", attempts: 0 });
  });

  test("those that get through are all sent", async () => {
    await cancelled(5);
    const double = always(() => json({ success: true, message: "cancelled" }));
    await send(double);
    expect(double.calls).toHaveLength(5);
  });
});
