import { describe, expect, test } from "vitest";
import { deliveriesAt, limitsOf } from "../src/scale/capacity.ts";
import {
  archiveOf,
  average,
  costOf,
  daysWithin,
  type Load,
  type Measured,
  NOTHING,
  retainedGb,
  totalOf,
} from "../src/scale/cost.ts";
import { priceOf } from "../src/scale/limits.ts";

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
  kept: { wholeBytes: 12_000, digestBytes: 4_000, archivedBytes: 2_000, rowsWritten: 1 },
};

const load = (deliveriesPerMonth: number, fields: Partial<Load> = {}): Load => ({
  name: "",
  deliveriesPerMonth,
  mix: { validated: 0.3, noted: 0.5 },
  validationsDays: 90,
  deliveriesDays: 14,
  archiveDays: 400,
  resultsBytes: 1_000,
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
  ])("of %i operations costs what goes beyond a million", (used, dollars) => {
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
    // 3 million validations are written once.
    expect(cost["R2 operations"]).toBeCloseTo((3 - 1) * 4.5);
    // 400/30 × 3 million × 2 kB and a quarter of 1 kB, less the 10 GB included.
    expect(cost["R2 storage"]).toBeCloseTo(((400 / 30) * 3 * 2.25 - 10) * 0.015);
    // 3 million × 4 points, and one for each of the 2 million that are ignored.
    expect(cost["Analytics Engine"]).toBeCloseTo((14 - 10) * 0.25);
  });

  test("of more costs more, of every product that is used", () => {
    const [some, more] = [costOf(MEASURED, load(100e6)), costOf(MEASURED, load(200e6))];
    // 20 billion rows read of 25 that are included.
    const used = Object.entries(some).filter(([product]) => product !== "D1 rows read");
    for (const [product, dollars] of used) {
      expect(more[product as keyof typeof more], product).toBeGreaterThan(dollars);
    }
  });

  test("keeps large results in R2, and a digest in D1", () => {
    const [some, large] = [load(10e6), load(10e6, { resultsBytes: 30_000 })];
    // 3 million of 4 kB instead of 5 kB, for 90 days.
    expect(retainedGb(MEASURED, some) - retainedGb(MEASURED, large)).toBeCloseTo(9);
    expect(archiveOf(MEASURED, large)).toEqual({
      writes: 6e6,
      reads: 3e6,
      // 2 kB for 400 days, and a quarter of 30 kB for 490.
      storedGb: (3e6 * (2_000 * 400 + 7_500 * 490)) / 30 / 1e9,
    });
  });

  test("archives results of 8 kB after a day if D1 would hold more than 5 GB", () => {
    const kept = (deliveries: number) => load(deliveries, { resultsBytes: 8_000, validationsDays: 10 });
    const [some, more, most] = [kept(1e6), kept(5e6), kept(10e6)];
    const notedGb = (deliveries: number) => ((14 / 30) * (deliveries / 2) * 500) / 1e9;
    expect(retainedGb(MEASURED, some)).toBeCloseTo(0.01 * 12 * 10 + notedGb(1e6));
    expect(retainedGb(MEASURED, more)).toBe(5);
    expect(retainedGb(MEASURED, most)).toBeCloseTo(0.1 * (12 + 4 * 9) + notedGb(10e6));
    expect(archiveOf(MEASURED, most)).toMatchObject({ writes: 3e6, reads: 3e6 });
    const rowsOf = (one: Load) => costOf(MEASURED, one)["D1 rows written"];
    expect(rowsOf(most) - rowsOf(load(10e6))).toBeCloseTo(3);
    expect(retainedGb(MEASURED, { ...most, validationsDays: daysWithin(MEASURED, most, 7) })).toBeCloseTo(7);
  });

  test("is cheaper if validations are kept for a shorter time", () => {
    const sooner = costOf(MEASURED, load(10e6, { validationsDays: 14 }));
    expect(totalOf(sooner)).toBeLessThan(totalOf(costOf(MEASURED, load(10e6))));
  });
});

test("an average delivery is made of its kinds", () => {
  expect(average(MEASURED, { validated: 0.5, noted: 0.5 }).messages).toBe(2);
  expect(average(MEASURED, { validated: 0, noted: 0 }).requests).toBe(1);
});

describe("a limit", () => {
  const find = (one: Load, name: string) => {
    const found = limitsOf(MEASURED, one).find(({ limit }) => limit === name);
    if (found === undefined) throw new Error(`no limit: ${name}`);
    return found;
  };

  test("of size is used by what retention keeps", () => {
    const gigabytes = 9 * 5 + (14 / 30) * 5 * 0.5;
    expect(retainedGb(MEASURED, load(10e6))).toBeCloseTo(gigabytes);
    expect(find(load(10e6), "size of the database")).toMatchObject({
      allowed: 10,
      used: expect.closeTo(gigabytes),
    });
    expect(find(load(10e6, { validationsDays: 9 }), "size of the database").used).toBeLessThan(10);
  });

  test.each(limitsOf(MEASURED, load(1e6)))(
    "is half used by the load that is said to use half: $limit",
    (one) => {
      const atHalf = find(load(deliveriesAt(one, load(1e6), 0.5)), one.limit);
      expect(atHalf.used).toBeCloseTo(one.allowed / 2);
    },
  );

  test("of check runs is counted by the hour", () => {
    // 3 million validations a month.
    const { used, allowed } = find(load(10e6), "check runs created by an installation, as documented");
    expect(used).toBeCloseTo(3e6 / 720);
    expect(used).toBeGreaterThan(8 * allowed);
  });
});
