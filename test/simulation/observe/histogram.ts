/** Durations, counted in steps of a tenth of their size. */

const STEP = Math.log(1.1);

export class Histogram {
  count = 0;
  max = 0;
  readonly #counts = new Map<number, number>();

  add(ms: number): void {
    this.count++;
    this.max = Math.max(this.max, ms);
    const step = Math.ceil(Math.log(Math.max(ms, 1)) / STEP);
    this.#counts.set(step, (this.#counts.get(step) ?? 0) + 1);
  }

  /** At most a tenth too much. @param share 0.99: all but a hundredth are shorter */
  quantile(share: number): number {
    let left = this.count * share;
    for (const [step, count] of [...this.#counts].toSorted(([a], [b]) => a - b)) {
      left -= count;
      if (left <= 0) return Math.min(Math.exp(step * STEP), this.max);
    }
    return this.max;
  }
}
