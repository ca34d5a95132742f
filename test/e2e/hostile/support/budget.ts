/** How much is tried. */
import { writeSync } from "node:fs";
import fc from "fast-check";
import { amount, SEED } from "../../../support/amount.ts";

const RUNS = amount(40);
const AT_ONCE = 6;

/** fast-check's parameters: a property's share of the runs. */
export const budget = (share = 1) => ({ numRuns: Math.ceil(RUNS * share), seed: SEED, endOnFailure: true });

/** What is sent at the same time: a run is a handful of inputs. */
export const together = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.array(one, { minLength: AT_ONCE, maxLength: AT_ONCE });

/** Counts what was tried, and what was answered. */
export class Tally {
  readonly #name: string;
  readonly #answers = new Map<string, number>();
  #inputs = 0;

  constructor(name: string) {
    this.#name = name;
  }

  count(answer: number | string): void {
    this.#inputs++;
    const key = String(answer);
    this.#answers.set(key, (this.#answers.get(key) ?? 0) + 1);
  }

  /** Past the test runner, which shows what a test prints only where it fails. */
  print(): void {
    const answers = [...this.#answers].toSorted().map(([answer, count]) => `${answer}: ${count}`);
    writeSync(2, `fuzz ${this.#name}: seed ${SEED}, ${this.#inputs} inputs; answers ${answers.join(", ")}\n`);
  }
}
