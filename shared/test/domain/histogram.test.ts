import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BUCKETS, bucketOf, bucketSql, percentile, percentilesOf } from "../../src/domain/histogram.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const countsOf = (durations: readonly number[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const ms of durations) counts[bucketOf(ms)] = (counts[bucketOf(ms)] ?? 0) + 1;
  return counts;
};

test.each([
  [0, "0-50"],
  [50, "0-50"],
  [51, "50-100"],
  [HOUR_MS, "1800000-3600000"],
  [DAY_MS, "21600000-86400000"],
  [DAY_MS + 1, "86400000-"],
])("%i ms is in the bucket %s", (ms, bucket) => {
  expect(bucketOf(ms)).toBe(bucket);
});

test.each<[number[], ReturnType<typeof percentilesOf>]>([
  [[], { p50_ms: null, p95_ms: null, p99_ms: null }],
  [[40], { p50_ms: 25, p95_ms: 48, p99_ms: 50 }],
  [Array(100).fill(700), { p50_ms: 750, p95_ms: 975, p99_ms: 995 }],
  [[...Array(95).fill(80), ...Array(5).fill(40_000)], { p50_ms: 76, p95_ms: 100, p99_ms: 54_000 }],
  [[2 * DAY_MS], { p50_ms: DAY_MS, p95_ms: DAY_MS, p99_ms: DAY_MS }],
])("the percentiles of %j are %j", (durations, percentiles) => {
  expect(percentilesOf(countsOf(durations))).toEqual(percentiles);
});

test("a percentile is in the bucket that the exact one is in", () => {
  const durations = fc.array(fc.integer({ min: 0, max: 2 * DAY_MS }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(durations, fc.constantFrom(0.5, 0.95, 0.99), (all, share) => {
      const exact = all.toSorted((a, b) => a - b)[Math.ceil(share * all.length - 1e-9) - 1] ?? 0;
      const bucket = BUCKETS.find(({ name }) => name === bucketOf(exact));
      const estimate = percentile(countsOf(all), share) ?? -1;
      expect(estimate).toBeGreaterThanOrEqual(bucket?.lowerMs ?? -1);
      expect(estimate).toBeLessThanOrEqual(bucket?.upperMs ?? -1);
    }),
  );
});

test("SQL has the same buckets", () => {
  const statement = new DatabaseSync(":memory:").prepare(`SELECT ${bucketSql("?1")} AS bucket`);
  for (const { lowerMs, upperMs } of BUCKETS)
    for (const ms of [lowerMs, lowerMs + 1, Math.min(upperMs, 2 * DAY_MS)])
      expect(statement.get(ms)).toEqual({ bucket: bucketOf(ms) });
});
