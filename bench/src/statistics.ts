/** Order statistics: a single round that something else on the machine disturbed hardly moves them. */

/**
 * A percentile by the nearest rank.
 * @param sorted in ascending order
 * @param share from 0 to 1
 */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

export type Spread = readonly [median: number, min: number, max: number];

/** Undefined without any value. */
export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  return [percentile(sorted, 0.5), percentile(sorted, 0), percentile(sorted, 1)];
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
