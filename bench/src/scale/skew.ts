/** How evenly repositories of very different traffic load shards. Pure; exact for the ids that a seed gives. */
import { seeded } from "./random.ts";
import type { ShardOf } from "./shard-hash.ts";

export interface Repository {
  readonly id: number;
  /** Of all deliveries. */
  readonly share: number;
}

/** The n-th busiest repository has 1/n^skew of the busiest one's deliveries; 0: all the same. */
export function zipf(repositories: number, skew: number, seed: number): readonly Repository[] {
  const random = seeded(seed);
  const weights = Array.from({ length: repositories }, (_, rank) => (rank + 1) ** -skew);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => ({ id: Math.floor(random() * 2 ** 31), share: weight / total }));
}

/** The load of the hottest shard, to the mean. */
export function hottest(repositories: readonly Repository[], shards: number, shardOf: ShardOf): number {
  const loads = new Array<number>(shards).fill(0);
  for (const { id, share } of repositories) {
    const shard = shardOf(id, shards);
    loads[shard] = (loads[shard] ?? 0) + share;
  }
  return Math.max(...loads) * shards;
}

export interface Moved {
  /** Of the repositories. */
  readonly repositories: number;
  /** Of the deliveries, and so of the rows. */
  readonly deliveries: number;
}

/** What changes its shard. */
export function movedBetween(
  repositories: readonly Repository[],
  from: number,
  to: number,
  shardOf: ShardOf,
): Moved {
  const moved = repositories.filter(({ id }) => shardOf(id, from) !== shardOf(id, to));
  return {
    repositories: moved.length / repositories.length,
    deliveries: moved.reduce((sum, { share }) => sum + share, 0),
  };
}
