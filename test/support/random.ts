/** Random numbers that are the same for the same seed. */

/** Gives random numbers in [0, 1). */
export type RandomSource = () => number;

/** Mulberry32: small, and the same everywhere. @param seed a 32-bit integer */
export function seeded(seed: number): RandomSource {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Random values of several kinds. */
export class Random {
  readonly seed: number;
  readonly next: RandomSource;

  /** @param seed a 32-bit integer */
  constructor(seed: number) {
    this.seed = seed;
    this.next = seeded(seed);
  }

  /** A whole number from 0 to below a limit. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** One of the choices. */
  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** The same in another order. */
  shuffle<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, at: this.next() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ item }) => item);
  }

  /** 40 hexadecimal digits. */
  sha(): string {
    return Array.from({ length: 40 }, () => this.below(16).toString(16)).join("");
  }
}
