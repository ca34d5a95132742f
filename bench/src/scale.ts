/**
 * `pnpm bench:scale [--deliveries 500] [--validated 0.3 --noted 0.5] [--drop index,…] [--out folder]`: what a delivery
 * makes the platform do, counted; what that costs and which limits it reaches, calculated; and how shards would share it,
 * simulated. `--drop` counts as if the database had not these indexes.
 */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { withDatabase } from "./growth/database.ts";
import { describeMachine, loadAverage } from "./machine.ts";
import { measureLife } from "./scale/life.ts";
import { loadsFor, MIX } from "./scale/scenarios.ts";
import { simulateSharding } from "./scale/sharding.ts";
import { writeScale } from "./scale/table.ts";

const { values } = parseArgs({
  options: {
    deliveries: { type: "string", default: "500" },
    validated: { type: "string", default: String(MIX.validated) },
    noted: { type: "string", default: String(MIX.noted) },
    drop: { type: "string", default: "" },
    out: { type: "string", default: path.resolve(import.meta.dirname, "../results") },
  },
});
const deliveries = Number(values.deliveries);
const [validated, noted] = [Number(values.validated), Number(values.noted)];
if (!(deliveries >= 100)) throw new TypeError("--deliveries must be 100 at least");
if (!(validated >= 0 && noted >= 0 && validated + noted <= 1)) {
  throw new TypeError("--validated and --noted are shares of all deliveries");
}

const begunAt = new Date().toISOString();
const loadBefore = loadAverage();
const dropped = values.drop.split(",").filter((name) => name !== "");
const measure = (count: number, inBatchesOf: number) =>
  withDatabase(async (db) => {
    for (const name of dropped) await db.prepare(`DROP INDEX ${name}`).run();
    return measureLife(db, count, inBatchesOf);
  });
const busy = await measure(deliveries, 100);
const quiet = await measure(Math.min(deliveries, 100), 1);
const loads = loadsFor(busy, { validated, noted, ignored: 1 - validated - noted });
const run = {
  begunAt,
  machine: describeMachine(loadBefore),
  deliveries,
  dropped,
  busy,
  quiet,
  loads,
  sharding: simulateSharding(),
};
const table = writeScale(run);
await mkdir(values.out, { recursive: true });
await writeFile(path.join(values.out, "scale.json"), `${JSON.stringify(run, null, 1)}\n`);
await writeFile(path.join(values.out, "scale.md"), table);
console.log(table);
