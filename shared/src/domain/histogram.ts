/** Durations in buckets: enough for percentiles, and the same few numbers however much is counted. Pure. */

/** The upper bounds of all buckets but the last, in milliseconds, inclusive. */
const BOUNDS_MS = [
  ...[50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 20_000, 30_000, 60_000],
  ...[120_000, 300_000, 600_000, 1_800_000, 3_600_000, 21_600_000, 86_400_000],
];

interface Bucket {
  /** The name that it is counted under: `500-1000`, and `86400000-` for the last. */
  readonly name: string;
  readonly lowerMs: number;
  /** Infinity for the last. */
  readonly upperMs: number;
}

/** All buckets, the shortest durations first. */
export const BUCKETS: readonly Bucket[] = [...BOUNDS_MS, Number.POSITIVE_INFINITY].map((upperMs, index) => {
  const lowerMs = BOUNDS_MS[index - 1] ?? 0;
  return { name: `${lowerMs}-${Number.isFinite(upperMs) ? upperMs : ""}`, lowerMs, upperMs };
});

/** Counts by the names of buckets. */
export type Counts = Readonly<Record<string, number>>;

/** The name of the bucket that a duration is in. */
export const bucketOf = (ms: number): string => BUCKETS.find(({ upperMs }) => ms <= upperMs)?.name ?? "";

/**
 * Estimates a percentile: within a bucket, durations are taken to be spread evenly. `v_hourly` does the same in SQL.
 * @param share 0.95 for the 95th percentile
 * @returns milliseconds; null if nothing was counted
 */
export function percentile(counts: Counts, share: number): number | null {
  const total = BUCKETS.reduce((sum, { name }) => sum + (counts[name] ?? 0), 0);
  if (total <= 0) return null;
  const rank = share * total;
  let below = 0;
  for (const { name, lowerMs, upperMs } of BUCKETS) {
    const n = counts[name] ?? 0;
    // How much longer than the last bound is not known.
    if (below + n >= rank && n > 0)
      return Number.isFinite(upperMs)
        ? Math.round(lowerMs + ((upperMs - lowerMs) * (rank - below)) / n)
        : lowerMs;
    below += n;
  }
  return null;
}

/** The percentiles that pages and the command line show. */
export const percentilesOf = (counts: Counts) => ({
  p50_ms: percentile(counts, 0.5),
  p95_ms: percentile(counts, 0.95),
  p99_ms: percentile(counts, 0.99),
});

/** The bucket of a duration in milliseconds, as an SQL expression. */
export const bucketSql = (ms: string): string =>
  `CASE ${BUCKETS.map(({ name, upperMs }) => (Number.isFinite(upperMs) ? `WHEN ${ms} <= ${upperMs} THEN '${name}'` : `ELSE '${name}'`)).join(" ")} END`;
