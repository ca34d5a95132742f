/**
 * `npm run simulate`: a day of a large organization in simulated time, with everything around the gateway failing in turn.
 * Prints what happened; exit code 1 if anything did that must not.
 */
import { parseArgs } from "node:util";
import { dayOf, FAULT_KINDS, halvesOf, lossOf } from "./report/plan.ts";
import { report } from "./report/table.ts";
import { problemsOf } from "./report/verdict.ts";
import { simulate } from "./run.ts";

const USAGE = `usage: npm run simulate -- [--hours 24] [--scale 1] [--seed 1] [--faults all|none|<kinds>] [--whole]
       npm run simulate -- --lost 10000 [--seed 1]

  --hours   a shorter day has the same faults, shorter as well
  --scale   of the traffic, the repositories and Grainchain: 0.1 is a tenth
  --faults  of ${FAULT_KINDS.join(", ")}; separated by commas
  --whole   the day in one piece; without it, its halves are simulated at once
  --lost    so many pull requests, of whose deliveries 30 % are dropped and 10 % never sent`;

function read() {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: { hours: text, scale: text, seed: text, faults: text, lost: text, whole: { type: "boolean" } },
  });
  const positive = (given: string | undefined, usual: number): number => {
    const number = Number(given ?? usual);
    if (!(number > 0)) throw new Error(`not a number above 0: ${given}`);
    return number;
  };
  const seed = positive(values.seed, 1);
  if (values.lost !== undefined) return { plans: [lossOf(positive(values.lost, 1))], seed };
  const { faults = "all", whole = false } = values;
  const named = faults === "none" ? [] : faults.split(",");
  const kinds = faults === "all" ? FAULT_KINDS : FAULT_KINDS.filter((kind) => named.includes(kind));
  if (faults !== "all" && kinds.length !== named.length) throw new Error(`unknown fault: ${faults}`);
  const day = dayOf(positive(values.hours, 24), positive(values.scale, 1), kinds);
  return { plans: whole ? [day] : halvesOf(day), seed };
}

/** Shows how far each part is. */
function showProgress(plans: number): (part: number, elapsedMs: number) => void {
  const minutes = Array.from({ length: plans }, () => 0);
  return (part, elapsedMs) => {
    minutes[part] = Math.round(elapsedMs / 60_000);
    if (process.stderr.isTTY) process.stderr.write(`\r${minutes.map((one) => `${one} min`).join(", ")}   `);
  };
}

try {
  const { plans, seed } = read();
  const show = showProgress(plans.length);
  const outcomes = await Promise.all(
    plans.map((plan, part) => simulate(plan, seed + part, ({ elapsedMs }) => show(part, elapsedMs))),
  );
  const reports = outcomes.map((outcome, part) => {
    const { faults = [], lengthMs = 0 } = plans[part] ?? {};
    process.exitCode ||= problemsOf(outcome.findings, faults).length === 0 ? 0 : 1;
    const hours = (parts: number) => Math.round((parts * lengthMs) / 360_000) / 10;
    return `\nFrom hour ${hours(part)} to hour ${hours(part + 1)}\n\n${report(outcome, faults)}`;
  });
  console.log(reports.join("\n"));
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown);
  console.error(USAGE);
  process.exitCode = 2;
}
