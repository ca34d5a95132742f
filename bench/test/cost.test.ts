import { describe, expect, test } from "vitest";
import { limitsOf, shardsFor } from "../src/scale/capacity.ts";
import {
  average,
  costOf,
  type Load,
  type Measured,
  type Operations,
  PRODUCTS,
  retainedBytes,
  totalOf,
} from "../src/scale/cost.ts";
import { priceOf, SECONDS_A_MONTH } from "../src/scale/limits.ts";

const NOTHING: Operations = {
  requests: 0,
  invocations: 0,
  messages: 0,
  cpuMs: 0,
  rowsRead: 0,
  rowsWritten: 0,
  rowsDeleted: 0,
  d1Ms: 0,
  roundTrips: 0,
  storedBytes: 0,
  grainchainCalls: 0,
  githubCalls: 0,
  githubCreates: 0,
  budgetCalls: 0,
  dataPoints: 0,
};

const MEASURED: Measured = {
  validated: {
    ...NOTHING,
    requests: 3,
    invocations: 0.1,
    messages: 3,
    rowsRead: 200,
    rowsWritten: 80,
    rowsDeleted: 10,
    d1Ms: 1,
    storedBytes: 5_000,
    githubCalls: 3,
    githubCreates: 1,
    budgetCalls: 1,
    dataPoints: 4,
  },
  noted: { ...NOTHING, requests: 1, messages: 1, rowsWritten: 5, rowsDeleted: 1, storedBytes: 500 },
  ignored: { ...NOTHING, requests: 1 },
  cron: { rowsRead: 50, rowsWritten: 0 },
};

const load = (perMonth: number, fields: Partial<Load> = {}): Load => ({
  name: "",
  deliveriesPerSecond: perMonth / SECONDS_A_MONTH,
  mix: { validated: 0.3, noted: 0.5, ignored: 0.2 },
  validationsDays: 90,
  deliveriesDays: 14,
  archive: false,
  installations: 1,
  shards: 1,
  ...fields,
});

describe("a month", () => {
  test("with nothing in it costs the subscription", () => {
    expect(totalOf(costOf(MEASURED, load(0)))).toBe(5);
  });

  test.each([
    [0, 0],
    [1e6, 0],
    [3e6, 2],
  ])("of %i operations beyond a million costs what they cost", (used, dollars) => {
    expect(priceOf({ included: 1e6, perMillion: 1 }, used)).toBe(dollars);
  });

  test("of ten million deliveries is calculated by hand", () => {
    const cost = costOf(MEASURED, load(10e6));
    // 3 million × 90 rows and 5 million × 6 rows, less the 50 million included.
    expect(cost["D1 rows written"]).toBeCloseTo(3 * 90 + 5 * 6 - 50);
    // 14 million messages, 3 operations each, less the million included.
    expect(cost.Queues).toBeCloseTo((14 * 3 - 1) * 0.4);
    // 3 × 3 million validations, 14/30 × 5 million deliveries, less the 5 GB included.
    expect(cost["D1 storage"]).toBeCloseTo((9 * 5 + (14 / 30) * 5 * 0.5 - 5) * 0.75);
    expect(cost["Analytics Engine"]).toBeCloseTo((12 - 10) * 0.25);
  });

  test("of more costs more, of every product that is used", () => {
    const [some, more] = [costOf(MEASURED, load(100e6)), costOf(MEASURED, load(200e6))];
    for (const product of PRODUCTS.filter((name) => name !== "R2" && name !== "D1 rows read")) {
      expect(more[product], product).toBeGreaterThan(some[product]);
    }
  });

  test("is cheaper where validations are archived sooner", () => {
    const archived = load(100e6, { validationsDays: 14, archive: true });
    expect(totalOf(costOf(MEASURED, archived))).toBeLessThan(totalOf(costOf(MEASURED, load(100e6))));
    expect(costOf(MEASURED, archived).R2).toBeGreaterThan(0);
  });
});

test("an average delivery is made of its kinds", () => {
  expect(average(MEASURED, { validated: 0.5, noted: 0.5, ignored: 0 }).messages).toBe(2);
  expect(average(MEASURED, { validated: 0, noted: 0, ignored: 1 }).requests).toBe(1);
});

describe("a limit", () => {
  const find = (one: Load, name: string) => limitsOf(MEASURED, one).find(({ limit }) => limit === name);

  test("of size is reached by what retention keeps", () => {
    expect(retainedBytes(MEASURED, load(10e6)) / 1e9).toBeCloseTo(9 * 5 + (14 / 30) * 5 * 0.5);
    expect(find(load(10e6), "size of a database")?.needed).toBe(10);
    expect(find(load(10e6, { validationsDays: 9 }), "size of a database")?.needed).toBe(2);
  });

  test("of a queue is half used where it needs one, and no more", () => {
    const atHalf = (2_500 / 1.4) * SECONDS_A_MONTH;
    expect(find(load(atHalf * 0.99), "messages on the events queue")?.needed).toBe(1);
    expect(find(load(atHalf * 1.01), "messages on the events queue")?.needed).toBe(2);
  });

  test("of an installation is shared by installations", () => {
    const name = "check runs created by an installation";
    expect(find(load(10e6), name)?.needed).toBeGreaterThan(8);
    expect(find(load(10e6, { installations: 10 }), name)?.needed).toBe(1);
  });

  test("says how many shards there are to be, by the worse of time and size", () => {
    expect(shardsFor(MEASURED, load(60_000))).toBe(1);
    expect(shardsFor(MEASURED, load(10e6))).toBe(10);
    expect(
      shardsFor(MEASURED, load(10_000 * SECONDS_A_MONTH, { validationsDays: 0, deliveriesDays: 0 })),
    ).toBe(18);
  });
});
