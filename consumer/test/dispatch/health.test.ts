import { beforeEach, expect, test } from "vitest";
import { watchHealth } from "../../src/dispatch/health.ts";
import { empty } from "../support/database.ts";
import { second } from "../support/facts.ts";
import { clockAt, createDouble, effectDeps, json, take } from "../support/grainchain.ts";
import { queued, setSetting } from "../support/queued.ts";
import { validationOf } from "../support/recording.ts";
import { closedUntil, dispatch, gate, states } from "./support.ts";

beforeEach(empty);

const unavailable = (until: number) => ({ ...closedUntil(until, 8), reason: "unavailable" });

test("an outage costs no attempt, and ends for dispatch within a minute of its end", async () => {
  let status = 500;
  const double = createDouble((call) => (status === 200 ? take(call) : json({}, status)));
  const clock = clockAt(3600);
  const [id = ""] = await queued(1);
  await setSetting("gate:grainchain", unavailable(3600));
  for (let minute = 0; minute < 10; minute++) {
    clock.nowMs += 60_000;
    expect(await watchHealth(effectDeps(double, { clock }))).toBe(false);
    await dispatch(double, { clock });
  }
  expect(double.calls).toEqual([]);
  expect(await validationOf(id)).toMatchObject({ state: "queued", attempts: 0 });

  status = 200;
  clock.nowMs += 60_000;
  expect(await watchHealth(effectDeps(double, { clock }))).toBe(true);
  await dispatch(double, { clock });
  expect(await states([id])).toEqual(["pending"]);
  expect(await gate()).toEqual({ state: "open" });
});

test("a server that was never down is not called more often", async () => {
  await queued(1);
  await setSetting("gate:grainchain", unavailable(7200));
  const double = createDouble(() => json({}, 404));
  expect(await watchHealth(effectDeps(double, { clock: clockAt(3600) }))).toBe(false);
  expect(await gate()).toEqual(unavailable(7200));
});

test("a dispatch that changes the gate meanwhile says more than the server's health", async () => {
  await queued(1);
  const clock = clockAt(3600);
  await setSetting("gate:grainchain", { ...unavailable(9000), down: true });
  const double = createDouble(async () => {
    await setSetting("gate:grainchain", unavailable(8000));
    return json({});
  });
  expect(await watchHealth(effectDeps(double, { clock }))).toBe(false);
  expect(await gate()).toMatchObject({ until: second(8000) });
});
