import { describe, expect, test } from "vitest";
import { row } from "../support/database.ts";
import { callback, second } from "../support/facts.ts";
import { expectConsistent } from "../support/invariants.ts";
import { record, setValidation, timelineOf, validationOf } from "../support/recording.ts";
import { freshGrain, started } from "./callback/support.ts";

const HOUR = 3600;
const policy = { maxAgeMs: 6 * HOUR * 1000 };

/** A validation that was dispatched at second 0. */
async function dispatched() {
  const one = await started(freshGrain(), "running");
  await setValidation(one.id, { dispatched_at: second(0) });
  return one;
}

describe("a validation that still calls back when its time is over", () => {
  test("times out, and is cancelled at Grainchain", async () => {
    const { repository, id, grainchainId } = await dispatched();
    const late = { policy, now: () => new Date(second(6 * HOUR)) };
    await record([callback(repository, id, "running", { received_at: second(6 * HOUR) })], late);

    expect(await validationOf(id)).toMatchObject({
      state: "timed_out",
      error: "no result within VALIDATION_MAX_AGE_SECONDS",
    });
    expect((await timelineOf(id)).at(-1)?.reason).toBe("timed out: it was at Grainchain for too long");
    expect(await row("SELECT grainchain_id, reason FROM cancels WHERE validation_id = ?1", id)).toEqual({
      grainchain_id: grainchainId,
      reason: "timed out",
    });
    await expectConsistent(repository.id);
  });

  test.each([
    ["it ends with that callback", "completed", 6 * HOUR, "completed"],
    ["a second is left", "running", 6 * HOUR - 1, "running"],
  ] as const)("goes on if %s", async (_, status, at, state) => {
    const { repository, id } = await dispatched();
    const results = status === "completed" ? { results: { success: true } } : {};
    const said = callback(repository, id, status, { received_at: second(at), ...results });
    await record([said], { policy, now: () => new Date(second(at)) });

    expect((await validationOf(id)).state).toBe(state);
  });

  test("ends as its callbacks say if they waited in the queue for hours", async () => {
    const { repository, id } = await dispatched();
    await record(
      [
        callback(repository, id, "running", { received_at: second(60) }),
        callback(repository, id, "completed", { received_at: second(300), results: { success: true } }),
      ],
      { policy, now: () => new Date(second(9 * HOUR)) },
    );

    expect(await validationOf(id)).toMatchObject({ state: "completed", conclusion: "success" });
  });

  test("goes on if it was queued again until now", async () => {
    const { repository, id } = await started();
    await setValidation(id, { dispatched_at: second(0) });
    const late = { policy, now: () => new Date(second(7 * HOUR)) };
    await record([callback(repository, id, "running", { received_at: second(7 * HOUR) })], late);

    expect((await validationOf(id)).state).toBe("running");
  });
});
