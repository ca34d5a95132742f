/** Numbers that look random and come again with their seed. */
export class Random {
  readonly seed: number;
  #state: number;

  /** @param seed a 32-bit integer */
  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed;
  }

  /** In [0, 1) (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0, below a limit. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** One of them. */
  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }

  /** With this probability. */
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
