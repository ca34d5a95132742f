import { createMessageBatch } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { readConsumerConfig } from "@webhook-gateway/shared/config/consumer.ts";
import { RETENTION } from "@webhook-gateway/shared/messages/wake-up.ts";
import { CHUNK } from "@webhook-gateway/shared/store/maintain/retention.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { startInvocation } from "../../../test/platform/invocation.ts";
import { githubOf } from "../../src/deps.ts";
import { CallCounts } from "../../src/effects/call-counts.ts";
import { createConsumer } from "../../src/handlers.ts";
import { expireOld } from "../../src/maintain/retention.ts";
import { count, countStatements, empty, faulty, row, rows, rowsReadBy } from "../support/database.ts";
import { second } from "../support/facts.ts";
import { SILENT } from "../support/recording.ts";
import {
  DAY,
  deleteRound,
  expectRules,
  expireAfter,
  insertEnded,
  insertOthers,
  opened,
  rowCounts,
} from "../support/retention.ts";

beforeEach(empty);

const settingOf = async (name: string): Promise<unknown> =>
  JSON.parse((await row<{ value: string }>("SELECT value FROM settings WHERE name = ?1", name)).value);

/** What the last run said of itself. */
async function expireAndTell(seconds: number): Promise<unknown> {
  const lines: string[] = [];
  await expireAfter(seconds, { log: createLog({ debug: false, write: (_, line) => void lines.push(line) }) });
  return JSON.parse(lines.at(-1) ?? "null");
}

describe("more than a chunk", () => {
  test("goes in one run, a chunk of every kind at a time", async () => {
    await insertEnded(2 * CHUNK + 500, 0);
    await insertOthers(2 * CHUNK, 0);
    expect(await expireAndTell(91 * DAY)).toEqual({
      level: "info",
      event: "retention.done",
      chunks: 3,
      more: false,
    });
    expect(await rowCounts()).toEqual({});
  });

  test("reads no more of it for a chunk than of twice as much", async () => {
    const horizons = {
      deliveriesBefore: second(1),
      validationsBefore: second(1),
      actionsBefore: "",
      strayResultsBefore: second(1),
    };
    const read = async (total: number) => {
      await empty();
      await insertEnded(total, 0);
      return rowsReadBy((db) => deleteRound(db, horizons));
    };
    expect((await read(12 * CHUNK)) - (await read(6 * CHUNK))).toBeLessThan(10);
  });

  test("leaves D1 to others for as long as each chunk took", async () => {
    await insertEnded(2 * CHUNK + 1, 0);
    let nowMs = Date.parse(second(91 * DAY));
    const waits: number[] = [];
    const db: D1Database = Object.assign(Object.create(env.DB), {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: (statements: D1PreparedStatement[]) => {
        // Only chunks are as long as this: of validations, and of all else.
        if (statements.length > 5) nowMs += 300;
        return env.DB.batch(statements);
      },
    });
    await expireOld({
      db,
      log: SILENT,
      now: () => new Date(nowMs),
      wait: async (ms) => void waits.push(ms),
      config: { deliveriesDays: 14, validationsDays: 90 },
    });
    expect(waits.length).toBeGreaterThan(1);
    expect(new Set(waits)).toEqual(new Set([600]));
    expect(await rowCounts()).toEqual({});
  });

  test("costs the same number of statements a chunk", async () => {
    const statementsFor = async (total: number) => {
      await insertEnded(total, 0);
      const { db, statements } = countStatements(env.DB);
      await deleteRound(db, {
        deliveriesBefore: second(1),
        validationsBefore: second(1),
        actionsBefore: "",
        strayResultsBefore: second(1),
      });
      return statements();
    };
    expect(await statementsFor(1)).toBe(await statementsFor(CHUNK));
  });

  test("is worked off over several minutes if there are very many", async () => {
    const total = 27 * CHUNK;
    await rows(
      `INSERT INTO callback_results (id, results, created_at)
       WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) SELECT i, '{}', ?2 FROM n`,
      total,
      second(0),
    );
    expect(await expireAndTell(16 * DAY)).toMatchObject({ chunks: 25, more: true });
    expect(await rowCounts()).toEqual({ callback_results: total - 25 * CHUNK });
    expect(await expireAndTell(16 * DAY + 60)).toMatchObject({ chunks: 3, more: false });
    expect(await rowCounts()).toEqual({});
  });

  test("keeps every rule and resumes, wherever the consumer is killed", async () => {
    await insertEnded(2 * CHUNK + 300, 0);
    await insertOthers(100, 0);
    let cut = 0;
    for (let run = 0; run < 20; run++) {
      let trip = 0;
      const when = run % 2 === 0 ? "before" : "after";
      const db = faulty(env.DB, () => (trip++ === Math.floor(run / 2) ? when : "never"));
      await expireAfter(91 * DAY + run * 60, { db }).catch(() => cut++);
      await expectRules();
    }
    expect(cut).toBeGreaterThan(8);
    expect(await rowCounts()).toEqual({});
  });

  test("is deleted by two consumers at once as by one", async () => {
    await insertEnded(CHUNK + 200, 0);
    await insertEnded(50, 60 * DAY, "young");
    const before = await rowCounts();
    await Promise.all([expireAfter(91 * DAY), expireAfter(91 * DAY)]);
    const { deliveries, ...kept } = before;
    expect(await rowCounts()).toEqual(
      Object.fromEntries(Object.entries(kept).map(([table, n]) => [table, (n / (CHUNK + 250)) * 50])),
    );
    await expectRules();
  });
});

describe("when it is done", () => {
  test("is once an hour", async () => {
    await expireAfter(91 * DAY);
    await insertEnded(1, 0);
    await expireAfter(91 * DAY + 3599);
    expect(await count("SELECT count(*) FROM validations")).toBe(1);
    await expireAfter(91 * DAY + 3600);
    expect(await count("SELECT count(*) FROM validations")).toBe(0);
  });

  test("is at once if what was stored is not understood", async () => {
    await insertEnded(1, 0);
    await rows("INSERT INTO settings VALUES ('retention:due', 'soon', '')");
    await expireAfter(91 * DAY);
    expect(await rowCounts()).toEqual({});
    expect(await settingOf("retention:due")).toBe(second(91 * DAY + 3600));
  });

  test("is written down before anything is gone, and a longer retention brings nothing back", async () => {
    await opened("completed");
    await expireAfter(20 * DAY);
    expect(await settingOf("retention:horizon")).toMatchObject({ deliveries_before: second(6 * DAY) });
    await expireAfter(21 * DAY, { config: { deliveriesDays: 60 } });
    expect(await settingOf("retention:horizon")).toMatchObject({ deliveries_before: second(6 * DAY) });
    await expectRules();
    await expireAfter(80 * DAY, { config: { deliveriesDays: 60 } });
    expect(await settingOf("retention:horizon")).toMatchObject({ deliveries_before: second(20 * DAY) });
  });
});

describe("the configuration", () => {
  const LEAST = {
    ENVIRONMENT: "development",
    GRAINCHAIN_CALLBACK_SECRET: "s3cret",
    CLOUDFLARE_WORKER_URL: "https://gateway.test",
    GRAINCHAIN_API_URL: "https://grainchain.test",
  };

  /** Lets the cron run on that day, whatever else it does. */
  async function cron(day: number, vars: Readonly<Record<string, string>>): Promise<void> {
    const config = readConsumerConfig({ ...LEAST, ...vars });
    const unavailable = async () => new Response("", { status: 503 });
    const now = () => new Date(second(day * DAY));
    const calls = new CallCounts();
    const asked: unknown[] = [];
    const consumer = createConsumer({
      config,
      isolate: { hasExpired: false },
      github: githubOf(config, unavailable, now, calls),
      permissions: new Map(),
      db: startInvocation().database(env.DB),
      work: {
        send: async (message) => {
          asked.push(message);
          return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
        },
      },
      log: SILENT,
      fetch: unavailable,
      now,
      random: () => 0,
      newId: () => crypto.randomUUID(),
      budgets: { take: () => Promise.reject(new Error("not asked")), settle: async () => {} },
      sentinel: { heard: async () => {}, answered: async () => {} },
      calls,
    });
    await consumer.cron();
    expect(asked).toContainEqual(RETENTION);
    const messages = [{ id: "m", timestamp: now(), attempts: 1, body: RETENTION }];
    await consumer.work(createMessageBatch("work", messages));
  }

  test.each([
    [{}, 13, 1, 1],
    [{}, 15, 0, 1],
    [{}, 89, 0, 1],
    [{}, 91, 0, 0],
    [{ DELIVERIES_RETENTION_DAYS: "30" }, 29, 1, 1],
    [{ DELIVERIES_RETENTION_DAYS: "30", VALIDATIONS_RETENTION_DAYS: "31" }, 32, 0, 0],
    // A validation outlives the delivery that it came from.
    [{ DELIVERIES_RETENTION_DAYS: "30", VALIDATIONS_RETENTION_DAYS: "4" }, 29, 1, 1],
    [{ DELIVERIES_RETENTION_DAYS: "30", VALIDATIONS_RETENTION_DAYS: "4" }, 31, 0, 0],
  ])("%j leaves on day %d %d deliveries and %d validations", async (vars, day, deliveries, validations) => {
    await insertEnded(1, 0);
    await cron(day, vars);
    const { deliveries: left = 0, validations: ended = 0 } = await rowCounts();
    expect([left, ended]).toEqual([deliveries, validations]);
  });

  test.each(["DELIVERIES_RETENTION_DAYS", "VALIDATIONS_RETENTION_DAYS"])(
    "%s is whole days, 4 at least",
    (key) => {
      // GitHub delivers again for three days: what was seen has to be known for longer.
      for (const bad of ["3", "0", "-1", "7.5", "two", "4000"]) {
        expect(() => readConsumerConfig({ ...LEAST, [key]: bad })).toThrow(key);
      }
      expect(readConsumerConfig({ ...LEAST, [key]: "4" })).toMatchObject({ [key]: 4 });
      expect(readConsumerConfig({ ...LEAST, [key]: "" })).toEqual(readConsumerConfig(LEAST));
    },
  );
});
