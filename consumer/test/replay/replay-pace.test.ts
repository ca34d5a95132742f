import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { quotaOf } from "../../src/recover/replay-pace.ts";
import { count, empty } from "../support/database.ts";
import { note, second } from "../support/facts.ts";
import { dead, order, replayOf, START, step, unrecorded } from "./support.ts";

const asked = { id: "r", requested_at: second(0), paced_at: null };
const at = (seconds: number): number => Date.parse(second(seconds));

describe("what a replay may run now", () => {
  test.each<readonly [rate: number, seconds: number, quota: number]>([
    // Five seconds' worth at once, one dead letter at least.
    [1, 0, 1],
    [12, 0, 1],
    [60, 0, 5],
    [600, 0, 50],
    [6000, 0, 100],
    // What has come meanwhile.
    [60, 5, 10],
    [600, 4, 90],
    [1, 59, 1],
    [2, 30, 2],
    // A minute's worth at most, however long nothing was run.
    [1, 3600, 1],
    [30, 3600, 30],
    [60, 86_400, 60],
    // And a batch at most.
    [600, 3600, 100],
    [6000, 3600, 100],
    // A clock that is behind.
    [60, -60, 0],
  ])("at %i a minute, %i s after it was asked for, is %i", (rate, seconds, quota) => {
    expect(quotaOf({ ...asked, rate }, at(seconds))).toBe(quota);
  });

  test.each<readonly [rate: number, used: number, seconds: number, quota: number]>([
    [1, 0, 59, 0],
    [1, 0, 60, 1],
    [7, 0, 8.571, 0],
    [7, 0, 8.572, 1],
    [60, 0, 0.999, 0],
    [60, 0, 1, 1],
    [600, 0, 1, 10],
    [600, 10, 1, 0],
    [6000, 0, 1, 100],
  ])("at %i a minute, used up to %f s, %f s later, is %i", (rate, used, seconds, quota) => {
    expect(quotaOf({ ...asked, rate, paced_at: second(used) }, at(seconds))).toBe(quota);
  });
});

describe("over time", () => {
  beforeEach(empty);

  const done = () => count("SELECT count(*) FROM dead_letters WHERE status = 'replayed'");

  /** Steps when a step says so, or when the cron comes, and notes when each dead letter was replayed, in seconds. */
  async function run(seconds: number, wakeUps: boolean): Promise<number[]> {
    const times: number[] = [];
    let now = 0;
    let wakeAt: number | null = 0;
    while (now <= seconds) {
      const clock = { nowMs: at(START + now) };
      const { nextAt } = await step({ clock });
      for (const replayed = await done(); times.length < replayed; ) times.push(now);
      // A wake-up that was asked for before the cron came is still to come.
      const pending: number | null = wakeAt !== null && wakeAt > now ? wakeAt : null;
      wakeAt = wakeUps && nextAt !== null ? (Date.parse(nextAt) - at(START)) / 1000 : pending;
      const cron = (Math.floor(now / 60) + 1) * 60;
      now = wakeAt === null ? cron : Math.min(wakeAt, cron);
    }
    return times;
  }

  /** Most dead letters within any such window. */
  const most = (times: readonly number[], windowSeconds: number): number =>
    Math.max(
      0,
      ...times.map((from) => times.filter((time) => time >= from && time < from + windowSeconds).length),
    );

  test.each([
    [1, 600],
    [2, 600],
    [7, 300],
    [30, 120],
    [60, 90],
    [90, 80],
  ])("%i a minute is kept to, and reached", async (rate, seconds) => {
    const deadLetters = Math.ceil((rate * seconds) / 60) + 50;
    await unrecorded(Array.from({ length: deadLetters }, () => note("ping")));
    await order({ all: true }, { rate });
    const times = await run(seconds, true);
    const expected = (rate * seconds) / 60;
    // Five seconds' worth, or one, come at once.
    expect(times.length).toBeLessThanOrEqual(expected + Math.max(rate / 12, 1) + 1);
    expect(times.length).toBeGreaterThanOrEqual(Math.floor(expected));
    expect(most(times, 60)).toBeLessThanOrEqual(rate + Math.max(rate / 12, 1) + 1);
  });

  test.each([1, 30, 90])("%i a minute is reached by the cron alone", async (rate) => {
    await unrecorded(Array.from({ length: rate * 10 }, () => note("ping")));
    await order({ all: true }, { rate });
    const times = await run(300, false);
    expect(times.length).toBeGreaterThanOrEqual(rate * 5);
    expect(times.length).toBeLessThanOrEqual(rate * 6 + 1);
  });

  test("an hour in which nothing ran is not made up for at once", async () => {
    await unrecorded(Array.from({ length: 400 }, () => note("ping")));
    await order({ all: true }, { rate: 60 });
    await step();
    const before = await done();
    let ran = 0;
    for (let seconds = 3600; seconds < 3610; seconds++) {
      await step({ at: START + seconds });
      ran = (await done()) - before;
    }
    expect(ran).toBeLessThanOrEqual(60 + 10);
  });

  test("each batch asks for one wake-up, and what finds nothing to run for none", async () => {
    await dead(20);
    await order({ all: true }, { rate: 60 });
    const first = await step();
    expect(first).toEqual({ changed: true, nextAt: second(START + 1) });
    expect(await step()).toEqual({ changed: false, nextAt: null });
    expect(await step({ at: START + 0.5 })).toEqual({ changed: false, nextAt: null });
    expect(await step({ at: START + 1 })).toEqual({ changed: true, nextAt: second(START + 2) });
  });

  test("the next step is that of the replay which is due first", async () => {
    const slow = await dead(2);
    const fast = await dead(10);
    await order({ ids: fast.map((id) => `dispatch-${id}`) }, { rate: 60 });
    await order({ ids: slow.map((id) => `dispatch-${id}`) }, { rate: 1 });
    expect((await step()).nextAt).toBe(second(START + 1));
  });

  test("one that has ended asks for none", async () => {
    await dead(1);
    const id = await order({ all: true });
    expect(await step()).toEqual({ changed: true, nextAt: null });
    expect(await replayOf(id)).toMatchObject({ status: "done", finished_at: second(START) });
    expect(await step()).toEqual({ changed: false, nextAt: null });
    expect(await env.DB.prepare("SELECT lease_until FROM replays").first("lease_until")).toBeNull();
  });
});
