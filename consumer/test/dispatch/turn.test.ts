import { beforeEach, expect, test } from "vitest";
import { dispatchDue } from "../../src/dispatch/dispatch.ts";
import { empty } from "../support/database.ts";
import { clockAt, createDouble, effectDeps, json, take } from "../support/grainchain.ts";
import { queued } from "../support/queued.ts";
import { validationOf } from "../support/recording.ts";
import { gate, setting } from "./support.ts";

beforeEach(empty);

test("a dispatch whose turn comes too late is not sent, costs no attempt, and shows nothing of Grainchain", async () => {
  const [id = ""] = await queued(1);
  const clock = clockAt(3600);
  let release: (() => void) | undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const double = createDouble(async (call) => {
    if (!call.path.endsWith("/status")) return take(call);
    await released;
    return json({}, 503);
  });
  const deps = effectDeps(double, { clock });
  const others = ["a", "b", "c"].map((other) => deps.grainchain.status(other, "r"));
  const dispatching = dispatchDue(deps);
  await expect.poll(async () => (await validationOf(id)).state).toBe("dispatching");
  clock.nowMs += 31_000;
  release?.();
  await Promise.all([...others, dispatching]);

  expect(double.calls.map(({ path }) => path)).toEqual(["/a/status", "/b/status", "/c/status"]);
  expect(await validationOf(id)).toMatchObject({ state: "queued", attempts: 0 });
  expect((await gate()).state).toBe("open");
  expect(await setting("seen:grainchain")).toBeUndefined();
});
