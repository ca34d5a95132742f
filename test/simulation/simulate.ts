/**
 * `npm run simulate`: a day of a large organization in simulated time, with everything around the gateway failing in turn.
 * Prints what happened; exit code 1 if anything did that must not.
 */
import { parseArgs } from "node:util";
import { dayOf, FAULT_KINDS, fullOf, lossOf, partsOf } from "./report/plan.ts";
import { report } from "./report/table.ts";
import { problemsOf } from "./report/verdict.ts";
import { simulate } from "./run.ts";
import type { Progress } from "./world/world.ts";

const USAGE = `usage: npm run simulate -- [--hours 24] [--scale 1] [--seed 1] [--faults all|none|<kinds>]
                              [--results 30000] [--whole]
       npm run simulate -- --lost 10000 [--seed 1]
       npm run simulate -- --full 9 [--seed 1]

  --hours   a shorter day has the same faults, shorter as well
  --scale   of the traffic, the repositories and Grainchain: 0.1 is a tenth
  --faults  of ${FAULT_KINDS.join(", ")}; separated by commas
  --results every run has so many bytes of results, instead of 1,000 to 30,000
  --whole   the day in one piece; without it, two parts of it are simulated at once
  --lost    so many pull requests, of whose deliveries 30 % are dropped and 10 % never sent
  --full    the database of a small organization is full for so many hours`;

function read() {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      hours: text,
      scale: text,
      seed: text,
      faults: text,
      lost: text,
      full: text,
      results: text,
      whole: { type: "boolean" },
    },
  });
  const positive = (given: string | undefined, usual: number): number => {
    const number = Number(given ?? usual);
    if (!(number > 0)) throw new Error(`not a number above 0: ${given}`);
    return number;
  };
  const seed = positive(values.seed, 1);
  if (values.lost !== undefined) return { plans: [lossOf(positive(values.lost, 1))], seed };
  if (values.full !== undefined) return { plans: [fullOf(positive(values.full, 1))], seed };
  const { faults = "all", whole = false } = values;
  const named = faults === "none" ? [] : faults.split(",");
  const kinds = faults === "all" ? FAULT_KINDS : FAULT_KINDS.filter((kind) => named.includes(kind));
  if (faults !== "all" && kinds.length !== named.length) throw new Error(`unknown fault: ${faults}`);
  const usual = dayOf(positive(values.hours, 24), positive(values.scale, 1), kinds);
  const bytes = values.results === undefined ? undefined : positive(values.results, 1);
  const resultBytes: readonly [number, number] =
    bytes === undefined ? usual.traffic.resultBytes : [bytes, bytes];
  const day = { ...usual, traffic: { ...usual.traffic, resultBytes } };
  return { plans: whole ? [day] : partsOf(day), seed };
}

const HOUR_MS = 3_600_000;

const hoursOf = (ms: number): number => Math.round((ms / HOUR_MS) * 10) / 10;

/** Called for each hour that a part has simulated. */
function showHours(name: string): (progress: Progress) => void {
  const startedMs = performance.now();
  let shown = 0;
  return ({ elapsedMs, deliveries }) => {
    const hour = Math.floor(elapsedMs / HOUR_MS);
    if (hour === shown) return;
    shown = hour;
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    console.error(`${name}: ${hour} h, ${deliveries} deliveries, after ${seconds} s`);
  };
}

try {
  const { plans, seed } = read();
  const reports = await Promise.all(
    plans.map(async (plan, part) => {
      const fromMs = plans.slice(0, part).reduce((sum, { lengthMs }) => sum + lengthMs, 0);
      const name = `hours ${hoursOf(fromMs)} to ${hoursOf(fromMs + plan.lengthMs)}`;
      const outcome = await simulate(plan, seed + part, showHours(name));
      if (problemsOf(outcome.findings, plan.faults).length > 0) process.exitCode = 1;
      return `\n${name}\n\n${report(outcome, plan.faults)}`;
    }),
  );
  console.log(reports.join("\n"));
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown);
  console.error(USAGE);
  process.exitCode = 2;
}
