/** What the sharding simulation says, as figures. */
import { Drain } from "./drain.ts";
import { jumpHash, remainder, rendezvousHash, type ShardOf } from "./shard-hash.ts";
import { hottest, movedBetween, zipf } from "./skew.ts";

export const SHARDS = [1, 2, 4, 8, 16, 32, 64] as const;
export const SKEWS = [0, 0.5, 0.8, 1, 1.2] as const;
const REPOSITORIES = 20_000;
const SEED = 20_261_124;
const HASHES: Readonly<Record<string, ShardOf>> = { jump: jumpHash, rendezvous: rendezvousHash, remainder };
const RESHARDINGS = [
  [1, 2],
  [4, 5],
  [8, 9],
  [8, 16],
  [32, 33],
  [32, 64],
] as const;
const DRAINS = 200;

export interface Sharding {
  readonly repositories: number;
  readonly seed: number;
  readonly skews: readonly {
    readonly skew: number;
    /** Share of the busiest repository. */
    readonly busiest: number;
    /** The hottest shard to the mean, for each of {@link SHARDS}. */
    readonly hottest: readonly number[];
  }[];
  readonly reshardings: readonly {
    readonly from: number;
    readonly to: number;
    /** Repositories that move, by hash. */
    readonly moved: Readonly<Record<string, number>>;
  }[];
  readonly drains: {
    readonly runs: number;
    readonly deliveries: number;
    readonly moved: number;
    readonly repeated: number;
    readonly sentOn: number;
    readonly heldBack: number;
    readonly broken: readonly string[];
  };
}

export function simulateSharding(): Sharding {
  const even = zipf(REPOSITORIES, 1, SEED);
  return {
    repositories: REPOSITORIES,
    seed: SEED,
    skews: SKEWS.map((skew) => {
      const repositories = zipf(REPOSITORIES, skew, SEED);
      return {
        skew,
        busiest: repositories[0]?.share ?? 0,
        hottest: SHARDS.map((shards) => hottest(repositories, shards, jumpHash)),
      };
    }),
    reshardings: RESHARDINGS.map(([from, to]) => ({
      from,
      to,
      moved: Object.fromEntries(
        Object.entries(HASHES).map(([name, shardOf]) => [
          name,
          movedBetween(even, from, to, shardOf).repositories,
        ]),
      ),
    })),
    drains: drains(),
  };
}

function drains(): Sharding["drains"] {
  const options = { repositories: 40, deliveries: 600, from: 3, to: 4 };
  const runs = Array.from({ length: DRAINS }, (_, index) =>
    new Drain({ ...options, seed: SEED + index }).run(),
  );
  const sum = (of: "moved" | "repeated" | "sentOn" | "heldBack"): number =>
    runs.reduce((total, run) => total + run[of], 0);
  return {
    runs: DRAINS,
    deliveries: DRAINS * options.deliveries,
    moved: sum("moved"),
    repeated: sum("repeated"),
    sentOn: sum("sentOn"),
    heldBack: sum("heldBack"),
    broken: [...new Set(runs.flatMap(({ broken }) => broken))],
  };
}
