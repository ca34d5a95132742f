/** How much is tried. */
import { appendFileSync, writeSync } from "node:fs";
import fc from "fast-check";
import { amount, SEED } from "../../../support/amount.ts";

const RUNS = amount(40);
const AT_ONCE = 6;

/** fast-check's parameters, for a share of the runs. */
export const budget = (share = 1) => ({ numRuns: Math.ceil(RUNS * share), seed: SEED, endOnFailure: true });

/** Several inputs that are sent at the same time in one run. */
export const together = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.array(one, { minLength: AT_ONCE, maxLength: AT_ONCE });

/** Counts inputs and answers. */
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

  /** Prints without the test runner, which hides the output of tests that pass; `tools/check/soak.ts` adds up all inputs. */
  print(): void {
    const answers = [...this.#answers].toSorted().map(([answer, count]) => `${answer}: ${count}`);
    writeSync(2, `fuzz ${this.#name}: seed ${SEED}, ${this.#inputs} inputs; answers ${answers.join(", ")}\n`);
    const { SOAK_INPUTS: file } = process.env;
    if (file) appendFileSync(file, `${this.#inputs}\n`);
  }
}
