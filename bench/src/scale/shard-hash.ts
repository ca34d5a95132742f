/** Which shard a repository belongs to, by nothing but its id and how many shards there are. */

export type ShardOf = (repositoryId: number, shards: number) => number;

const MASK = (1n << 64n) - 1n;

/** Spreads ids that follow one another (splitmix64's finalizer). */
function mix(id: bigint): bigint {
  let mixed = (id + 0x9e3779b97f4a7c15n) & MASK;
  mixed = ((mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  mixed = ((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return mixed ^ (mixed >> 31n);
}

/** Jump consistent hash (Lamping and Veach, 2014): shards can be added at the end, and nothing else moves. */
export const jumpHash: ShardOf = (repositoryId, shards) => {
  let key = mix(BigInt(repositoryId));
  let shard = -1;
  let next = 0;
  while (next < shards) {
    shard = next;
    key = (key * 2862933555777941757n + 1n) & MASK;
    next = Math.floor((shard + 1) * (2 ** 31 / (Number(key >> 33n) + 1)));
  }
  return shard;
};

/** Rendezvous hash: the shard with the highest score. Any shard can be taken away, at a score a shard. */
export const rendezvousHash: ShardOf = (repositoryId, shards) => {
  let best = 0;
  let highest = -1n;
  for (let shard = 0; shard < shards; shard++) {
    const score = mix(mix(BigInt(repositoryId)) ^ BigInt(shard));
    if (score > highest) [best, highest] = [shard, score];
  }
  return best;
};

/** What is wrong with a plain remainder: nearly everything moves. */
export const remainder: ShardOf = (repositoryId, shards) =>
  Number(mix(BigInt(repositoryId)) % BigInt(shards));
