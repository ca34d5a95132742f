/**
 * `pnpm bench:growth [--sizes 10000,100000,1000000] [--out folder]`: what each activity of the gateway asks of D1 as the
 * history grows. Fails where one costs more in the largest database than in the smallest, or goes through a growing
 * table from end to end. A million deliveries are 5 GB of disk and five minutes, ten million fifty and most of an hour.
 */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { withDatabase } from "./growth/database.ts";
import { OPERATIONS } from "./growth/operations.ts";
import { measureSize, type SizeRun } from "./growth/run.ts";
import { writeTables } from "./growth/table.ts";
import { fullScans, growthOf } from "./growth/verdict.ts";
import { describeMachine, loadAverage } from "./machine.ts";

const { values } = parseArgs({
  options: {
    sizes: { type: "string", default: "10000,100000,1000000" },
    out: { type: "string", default: path.resolve(import.meta.dirname, "../results") },
  },
});
const sizes = values.sizes.split(",").map(Number);
if (sizes.some((size) => !(size >= 10_000)))
  throw new TypeError("--sizes are numbers of deliveries, 10,000 at least");

const begunAt = new Date().toISOString();
const loadBefore = loadAverage();
const runs: SizeRun[] = [];
for (const size of sizes) {
  runs.push(await withDatabase((db) => measureSize(db, size, (line) => console.error(line))));
}
const growth = growthOf(runs, OPERATIONS);
const scans = Object.entries(runs.at(-1)?.plans ?? {}).flatMap(([operation, planned]) =>
  planned.flatMap((one) => fullScans(one).map((step) => ({ operation, step, sql: one.sql }))),
);
const grown = growth.filter(({ constant, reason }) => !constant && reason === undefined);
// The plans are the same at every size; those of the largest are enough to keep.
const kept = runs.map((one, index) => (index === runs.length - 1 ? one : { ...one, plans: {} }));
const run = { begunAt, machine: describeMachine(loadBefore), runs: kept, growth, scans };
const table = writeTables(run);
await mkdir(values.out, { recursive: true });
await writeFile(path.join(values.out, "growth.json"), `${JSON.stringify(run, null, 1)}\n`);
await writeFile(path.join(values.out, "growth.md"), table);
console.log(table);
for (const { operation, step, sql } of scans) console.error(`a full scan: ${operation}: ${step} in ${sql}`);
for (const { operation, read, written } of grown) {
  console.error(
    `it grows: ${operation}: rows read × ${read.toFixed(1)}, rows written × ${written.toFixed(1)}`,
  );
}
if (scans.length + grown.length > 0) process.exitCode = 1;
