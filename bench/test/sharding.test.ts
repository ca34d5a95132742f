import { describe, expect, test } from "vitest";
import { seeds } from "../../test/support/amount.ts";
import { Drain, type Omitted } from "../src/scale/drain.ts";
import { jumpHash, remainder, rendezvousHash, type ShardOf } from "../src/scale/shard-hash.ts";
import { hottest, movedBetween, zipf } from "../src/scale/skew.ts";

const HASHES: readonly [string, ShardOf][] = [
  ["jump", jumpHash],
  ["rendezvous", rendezvousHash],
];
const EVEN = zipf(10_000, 0, 1);
const SOME = EVEN.slice(0, 2_000);

describe.each(HASHES)("the %s hash", (_name, shardOf) => {
  test("gives every repository one of the shards, always the same", () => {
    for (const shards of [1, 2, 3, 7, 64]) {
      const given = SOME.map(({ id }) => shardOf(id, shards));
      expect(new Set(given).size).toBe(shards);
      expect(Math.min(...given)).toBe(0);
      expect(Math.max(...given)).toBe(shards - 1);
      expect(SOME.map(({ id }) => shardOf(id, shards))).toEqual(given);
    }
  });

  test("spreads repositories of the same traffic evenly", () => {
    for (const shards of [2, 8, 32]) expect(hottest(EVEN, shards, shardOf)).toBeLessThan(1.25);
  });

  test.each([
    [1, 2],
    [4, 5],
    [8, 9],
    [8, 16],
    [32, 64],
  ])("from %i to %i shards moves only what the new ones take", (from, to) => {
    const moved = SOME.filter(({ id }) => shardOf(id, from) !== shardOf(id, to));
    expect(moved.length / SOME.length).toBeCloseTo(1 - from / to, 1);
    expect(moved.every(({ id }) => shardOf(id, to) >= from)).toBe(true);
  });
});

test("a remainder would move nearly everything", () => {
  expect(movedBetween(EVEN, 8, 9, remainder).repositories).toBeGreaterThan(0.8);
  expect(movedBetween(EVEN, 8, 9, jumpHash).repositories).toBeLessThan(0.13);
});

describe("skew", () => {
  test("is none where there is one shard", () => {
    expect(hottest(zipf(1_000, 1.2, 3), 1, jumpHash)).toBeCloseTo(1);
  });

  test("shares add up, and the first is the largest", () => {
    const repositories = zipf(500, 1, 3);
    expect(repositories.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
    expect(Math.max(...repositories.map(({ share }) => share))).toBe(repositories[0]?.share);
  });

  test("no number of shards is cooler than its busiest repository", () => {
    const repositories = zipf(10_000, 1, 3);
    const busiest = repositories[0]?.share ?? 0;
    for (const shards of [4, 16, 64]) {
      expect(hottest(repositories, shards, jumpHash)).toBeGreaterThanOrEqual(busiest * shards);
    }
  });
});

const SEEDS = seeds(10);
/** More than one that shows what is missed takes: that is one in a dozen. */
const MORE_SEEDS = seeds(200);
const drain = (seed: number, from: number, to: number, omit?: Omitted) =>
  new Drain({
    seed,
    repositories: 30,
    deliveries: 400,
    from,
    to,
    ...(omit === undefined ? {} : { omit }),
  }).run();

describe("moving repositories while deliveries come in", () => {
  test.each([
    [1, 2],
    [3, 4],
    [2, 4],
    [4, 3],
  ])("from %i to %i shards loses none and repeats none", (from, to) => {
    const runs = SEEDS.map((seed) => drain(seed, from, to));
    expect(runs.flatMap(({ broken }) => broken)).toEqual([]);
    // The runs are worth something: facts came twice, went on, and had to wait.
    for (const what of ["moved", "repeated", "sentOn", "heldBack"] as const) {
      expect(runs.reduce((sum, run) => sum + run[what], 0)).toBeGreaterThan(SEEDS.length);
    }
  });

  test.each<[Omitted, string]>([
    ["waiting for leases", "two shards have one effect under way"],
    ["sending on", "a delivery is lost"],
    ["holding back", "what was settled is performed again"],
  ])("needs %s: without it %s", (omit, consequence) => {
    expect(MORE_SEEDS.some((seed) => drain(seed, 2, 4, omit).broken.includes(consequence))).toBe(true);
  });

  test("is the same for the same seed", () => {
    expect(drain(7, 2, 4)).toEqual(drain(7, 2, 4));
  });
});
