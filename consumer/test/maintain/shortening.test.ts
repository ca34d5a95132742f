import { env } from "cloudflare:workers";
import { isFull } from "@webhook-gateway/shared/store/unavailable.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { conditionsOf } from "../../../test/platform/database-conditions.ts";
import { startInvocation } from "../../../test/platform/invocation.ts";
import { dispatchDue } from "../../src/dispatch/dispatch.ts";
import { beat } from "../../src/maintain/heartbeat.ts";
import { expireOld, isRetentionDue } from "../../src/maintain/retention.ts";
import { daysAt, nextShare } from "../../src/maintain/shortening.ts";
import { count, empty, rows } from "../support/database.ts";
import { freshRepository, pullRequest, second } from "../support/facts.ts";
import { createDouble, effectDeps, take } from "../support/grainchain.ts";
import { record } from "../support/recording.ts";
import { claiming, DAY, expectRules, insertEnded, rowCounts } from "../support/retention.ts";

beforeEach(empty);

const CONFIG = { deliveriesDays: 14, validationsDays: 90 };
const GB = 1_000_000_000;

describe("the share of the configured days", () => {
  test.each([
    [1, { deliveriesDays: 14, validationsDays: 90 }],
    [0.5, { deliveriesDays: 7, validationsDays: 45 }],
    [0.1, { deliveriesDays: 4, validationsDays: 9 }],
    [0.01, { deliveriesDays: 4, validationsDays: 4 }],
  ])("%d leaves %j", (share, days) => {
    expect(daysAt(CONFIG, share)).toEqual(days);
  });

  test("is never more than is configured", () => {
    expect(daysAt({ deliveriesDays: 4, validationsDays: 4 }, 0.5)).toEqual({
      deliveriesDays: 4,
      validationsDays: 4,
    });
  });

  test.each([
    ["becomes smaller over 80 %", 1, 8.1 * GB, 0.9],
    ["stays at 80 %", 0.9, 8 * GB, 0.9],
    ["stays at 75 %", 0.9, 7.5 * GB, 0.9],
    ["becomes larger below", 0.9, 7.4 * GB, 1],
    ["is never more than all", 1, 0, 1],
    ["stays if nothing is left to shorten", 0.01, 9.9 * GB, 0.01],
  ])("%s", (_, share, bytes, next) => {
    expect(nextShare(CONFIG, share, bytes)).toBeCloseTo(next, 10);
  });
});

/** A D1 that claims a size that depends on how many validations it has. */
const sized = (bytesOf: (validations: number) => number): D1Database =>
  claiming(async () => bytesOf(await count("SELECT count(*) FROM validations")));

/** Runs retention so many seconds after the tests' own hour began, if it is due. @returns what it logged */
async function expireAfter(seconds: number, db: D1Database) {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({ debug: false, write: (_, line) => void lines.push(JSON.parse(line)) });
  const deps = { db, log, now: () => new Date(second(seconds)), config: CONFIG };
  if (await isRetentionDue(deps)) await expireOld({ ...deps, wait: async () => {} });
  return lines;
}

const shortened = async (): Promise<unknown> => {
  const [row] = await rows<{ value: string }>(
    "SELECT value FROM settings WHERE name = 'retention:shortened'",
  );
  return JSON.parse(row?.value ?? "null");
};

describe("a database over 80 % of its size", () => {
  const perValidation = (validations: number) => 7 * GB + validations * 100_000_000;

  test("keeps less, the oldest first, until it is below, says so, and goes back step by step", async () => {
    for (const day of [10, 30, 50, 70]) await insertEnded(5, day * DAY, `day-${day}`);
    const at = 90 * DAY;
    const lines = await expireAfter(at, sized(perValidation));
    expect(lines).toMatchObject([
      {
        event: "retention.shortened",
        validations_days: expect.any(Number),
        size: expect.stringContaining("10 GB"),
      },
      { event: "retention.done", more: false },
    ]);
    // Ten of 20 are 8 GB: those of the two oldest days are gone.
    expect(await rows("SELECT DISTINCT subject FROM validations ORDER BY subject")).toEqual([
      { subject: "day-50" },
      { subject: "day-70" },
    ]);
    expect(await shortened()).toMatchObject({ since: second(at), validations_days: expect.any(Number) });
    await expectRules();

    const before = Object(await shortened()).validations_days;
    await expireAfter(
      at + 3600,
      sized(() => 7 * GB),
    );
    expect(Object(await shortened()).validations_days).toBeGreaterThan(before);
    for (let hour = 2; hour < 10; hour++)
      await expireAfter(
        at + hour * 3600,
        sized(() => 7 * GB),
      );
    expect(await shortened()).toBe(null);
  });

  test("is looked at every minute, not every hour", async () => {
    await expireAfter(
      90 * DAY,
      sized(() => 0),
    );
    await insertEnded(20, 5 * DAY);
    await expireAfter(
      90 * DAY + 60,
      sized(() => 8 * GB),
    );
    expect(await count("SELECT count(*) FROM validations")).toBe(20);
    await expireAfter(
      90 * DAY + 60,
      sized(() => 8.1 * GB),
    );
    expect(await count("SELECT count(*) FROM validations")).toBe(0);
  });

  test("keeps what is younger than four days, and what waits for its report", async () => {
    await insertEnded(3, 87 * DAY, "young");
    await insertEnded(3, 50 * DAY, "due");
    await rows("UPDATE reports SET status = 'due' WHERE validation_id LIKE '%due%'");
    await expireAfter(
      90 * DAY,
      sized(() => 9 * GB),
    );
    expect(await count("SELECT count(*) FROM validations")).toBe(6);
  });
});

describe("a full database", () => {
  const conditions = conditionsOf(env.DB);
  afterEach(() => {
    conditions.full = false;
  });

  /** It is full until so many validations are left. */
  function fullAbove(validations: number): D1Database {
    conditions.full = true;
    const db = sized(() => 10 * GB);
    const batch = db.batch.bind(db);
    return Object.assign(Object.create(db), {
      prepare: (sql: string) => db.prepare(sql),
      batch: async (all: D1PreparedStatement[]) => {
        const results = await batch(all);
        conditions.full = (await count("SELECT count(*) FROM validations")) > validations;
        return results;
      },
    });
  }

  test("is made room in by deletions alone, and every count is right afterwards", async () => {
    await insertEnded(40, 0);
    const lines = await expireAfter(91 * DAY, fullAbove(0));
    expect(lines).toContainEqual(expect.objectContaining({ event: "retention.database-full" }));
    expect(await rowCounts()).toEqual({});
    conditions.full = false;
    await expectRules();
  });

  test("is not away: the sentinel hears how large it is", async () => {
    const told: unknown[] = [];
    const sentinel = { heard: async () => {}, answered: async (bytes: number) => void told.push(bytes) };
    await beat({ db: fullAbove(0), sentinel, now: () => new Date(second(0)) });
    expect(told).toEqual([10 * GB]);
  });

  test("takes nothing, kills nothing, and takes all of it once there is room", async () => {
    await insertEnded(40, 0);
    const pull = pullRequest(freshRepository());
    const fact = pull("opened", "a", 91 * DAY);
    const db = fullAbove(0);
    const refused = await startInvocation()
      .database(env.DB)
      .prepare("INSERT INTO revoked_sessions VALUES ('x', 'y')")
      .run()
      .catch((thrown: unknown) => thrown);
    expect(isFull(refused)).toBe(true);
    expect(await record([fact])).toMatchObject({ verdicts: ["retry"], changed: false });
    const double = createDouble((call) => take(call));
    await expect(dispatchDue(effectDeps(double))).rejects.toThrow("maximum DB size");
    expect(double.calls).toEqual([]);
    await expireAfter(91 * DAY, db);
    conditions.full = false;
    expect(await record([fact])).toMatchObject({ verdicts: ["ack"], changed: true });
    expect(await count("SELECT count(*) FROM dead_letters")).toBe(0);
  });
});
