/** How much the tests try: `SOAK=1` tries more of everything, `SEED=<n>` tries other random inputs. */
import { inject } from "vitest";

export interface Amount {
  readonly soak: boolean;
  readonly seed: number;
}

declare module "vitest" {
  interface ProvidedContext {
    amount: Amount;
  }
}

const { soak, seed } = inject("amount");

/** The same in every run, so that a failure is caused by a change. */
export const SEED = seed;

/** @returns how often something is tried */
export const amount = (usual: number, inSoak = 20 * usual): number => (soak ? inSoak : usual);

/** @returns as many seeds, from the first one on */
export const seeds = (usual: number, inSoak = 20 * usual): number[] =>
  Array.from({ length: amount(usual, inSoak) }, (_, index) => SEED + index);
