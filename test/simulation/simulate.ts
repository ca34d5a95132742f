/**
 * `npm run simulate`: a day of a large organization in simulated time, with everything around the gateway failing in turn.
 * Prints what happened; exit code 1 if anything did that must not.
 */
import { parseArgs } from "node:util";
import { dayOf, FAULT_KINDS } from "./report/plan.ts";
import { report } from "./report/table.ts";
import { problemsOf } from "./report/verdict.ts";
import { simulate } from "./run.ts";

const USAGE = `usage: npm run simulate -- [--hours 24] [--scale 1] [--seed 1] [--faults all|none|<kinds>]

  --hours   a shorter day has the same faults, shorter as well
  --scale   of the traffic, the repositories and Grainchain: 0.1 is a tenth
  --faults  of ${FAULT_KINDS.join(", ")}; separated by commas`;

function read() {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ options: { hours: text, scale: text, seed: text, faults: text } });
  const positive = (given: string | undefined, usual: number): number => {
    const number = Number(given ?? usual);
    if (!(number > 0)) throw new Error(`not a number above 0: ${given}`);
    return number;
  };
  const { faults = "all" } = values;
  const named = faults === "none" ? [] : faults.split(",");
  const kinds = faults === "all" ? FAULT_KINDS : FAULT_KINDS.filter((kind) => named.includes(kind));
  if (faults !== "all" && kinds.length !== named.length) throw new Error(`unknown fault: ${faults}`);
  const plan = dayOf(positive(values.hours, 24), positive(values.scale, 1), kinds);
  return { plan, seed: positive(values.seed, 1) };
}

try {
  const { plan, seed } = read();
  const outcome = await simulate(plan, seed, ({ elapsedMs, deliveries }) => {
    if (process.stderr.isTTY)
      process.stderr.write(`\r${Math.round(elapsedMs / 60_000)} min, ${deliveries} deliveries`);
  });
  console.log(`\n${report(outcome, plan.faults)}`);
  process.exitCode = problemsOf(outcome.findings, plan.faults).length === 0 ? 0 : 1;
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown);
  console.error(USAGE);
  process.exitCode = 2;
}
