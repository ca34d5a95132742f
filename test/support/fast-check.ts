/** fast-check with the same inputs in every run. A failure names its seed and its path. */
import fc from "fast-check";
import { amount, SEED } from "./amount.ts";

fc.configureGlobal({ seed: SEED, numRuns: amount(100) });

export default fc;
