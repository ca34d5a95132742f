/**
 * `pnpm bench:scale [--deliveries 500] [--validated 0.3 --noted 0.5] [--drop index,…] [--out folder]`: what a delivery
 * makes the platform do, counted; what that costs and how much of each limit it uses, calculated. `--drop` counts as if
 * the database did not have these indexes.
 */
import { parseArgs } from "node:util";
import { withDatabase } from "./database.ts";
import { describeMachine, loadAverage } from "./machine.ts";
import { describeRun, writeResults } from "./results.ts";
import { measureDelivery } from "./scale/count.ts";
import { MIX, writeScale } from "./scale/table.ts";

const { values } = parseArgs({
  options: {
    deliveries: { type: "string", default: "500" },
    validated: { type: "string", default: String(MIX.validated) },
    noted: { type: "string", default: String(MIX.noted) },
    drop: { type: "string" },
    out: { type: "string" },
  },
});
const deliveries = Number(values.deliveries);
const mix = { validated: Number(values.validated), noted: Number(values.noted) };
if (!(deliveries >= 100)) throw new TypeError("--deliveries must be at least 100");
if (!(mix.validated >= 0 && mix.noted >= 0 && mix.validated + mix.noted <= 1)) {
  throw new TypeError("--validated and --noted are shares of all deliveries");
}

const begunAt = new Date().toISOString();
const loadBefore = loadAverage();
const dropped = values.drop?.split(",") ?? [];
const { measured, writes } = await withDatabase(async (db) => {
  for (const name of dropped) await db.prepare(`DROP INDEX ${name}`).run();
  return measureDelivery(db, deliveries);
});
const machine = describeMachine(loadBefore);
const report = `# Cost and capacity

${describeRun(begunAt, machine)}
Operations are counted over ${deliveries} deliveries of each kind, which come 100 at once. Everything else is calculated.
${dropped.length === 0 ? "" : `Counted without ${dropped.join(", ")}.\n`}
${writeScale(measured, writes, mix)}
`;
console.log(report);
await writeResults(
  values.out,
  "scale",
  { begunAt, machine, deliveries, dropped, mix, ...measured, writes },
  report,
);
