/**
 * `pnpm bench:growth [--sizes 10000,100000,1000000] [--out folder]`: what each activity of the gateway asks of D1 as the
 * history grows. Fails if one costs more in the largest database than in the smallest, or goes through a growing table
 * from end to end. A million deliveries take 5 GB of disk and five minutes.
 */
import { parseArgs } from "node:util";
import { withDatabase } from "./database.ts";
import { ACTIVITIES } from "./growth/activities.ts";
import { measureSize, type SizeRun } from "./growth/measure.ts";
import { judge, writeTables } from "./growth/verdict.ts";
import { describeMachine, loadAverage } from "./machine.ts";
import { describeRun, writeResults } from "./results.ts";

const { values } = parseArgs({
  options: { sizes: { type: "string", default: "10000,100000,1000000" }, out: { type: "string" } },
});
const sizes = values.sizes.split(",").map(Number);
if (sizes.some((size) => !(size >= 1_000)))
  throw new TypeError("--sizes are numbers of deliveries, at least 1,000");

const begunAt = new Date().toISOString();
const loadBefore = loadAverage();
const runs: SizeRun[] = [];
for (const size of sizes) runs.push(await withDatabase((db) => measureSize(db, size, ACTIVITIES)));
const machine = describeMachine(loadBefore);
const verdicts = judge(runs);
const scans = runs.at(-1)?.scans ?? [];
const report = `# What the gateway asks of D1 as the history grows

${describeRun(begunAt, machine)}
Rows are D1's own count, and do not depend on the machine. Times are D1's own, of the local one.

${writeTables(runs, verdicts)}
`;
console.log(report);
const bySize = runs.map(({ figures, scans, ...size }) => size);
await writeResults(values.out, "growth", { begunAt, machine, sizes: bySize, verdicts, scans }, report);
for (const scan of scans) console.error(`a full scan: ${scan}`);
const grown = verdicts.filter(({ growth, reason }) => growth !== undefined && reason === undefined);
for (const { activity, growth } of grown) console.error(`it grows: ${activity}: × ${growth?.toFixed(1)}`);
if (scans.length + grown.length > 0) process.exitCode = 1;
