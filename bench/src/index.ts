/**
 * `pnpm bench`: what acknowledging a delivery costs the gateway, beside the floor on the same workerd and beside what a
 * TypeScript team would build instead. Contenders take turns within each round, each in processes of its own.
 */
import path from "node:path";
import { type Contender, LeftOut } from "./contender.ts";
import { listContenders } from "./contenders.ts";
import { describeMachine, loadAverage } from "./machine.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { writeReport } from "./report.ts";
import { type Invalid, type Measurement, takeTurn } from "./round.ts";
import { summarize } from "./summary.ts";

const RESULTS = path.resolve(import.meta.dirname, "../results");

let options: Options;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  process.exit(2);
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    console.error(`ended by ${signal}`);
    process.exit(1);
  });
}

const begunAt = new Date().toISOString();
const loadBefore = loadAverage();
const all = await listContenders();
const contenders = all.filter(({ name }) => options.only?.includes(name) ?? true);
const { measured, invalid, leftOut } = await run(contenders);
const report = {
  begunAt,
  machine: describeMachine(loadBefore),
  options,
  contenders: contenders.map(({ name, does }) => ({ name, does })),
  leftOut,
  invalid,
  rows: summarize(measured),
  measured,
};
const folder = path.resolve(process.env.INIT_CWD ?? "", options.out ?? RESULTS);
console.log(await writeReport(report, folder));
console.error(`written to ${folder}: ack.md, ack.svg, ack.json`);
process.exit(invalid.length === 0 && measured.length > 0 ? 0 : 1);

/** Every round starts with another contender, so that none always follows the same one. */
async function run(contenders: readonly Contender[]) {
  const measured: Measurement[] = [];
  const invalid: Invalid[] = [];
  const leftOut = new Map<string, string>();
  for (let round = 0; round < options.rounds; round++) {
    const turns = [
      ...contenders.slice(round % contenders.length),
      ...contenders.slice(0, round % contenders.length),
    ];
    for (const contender of turns.filter(({ name }) => !leftOut.has(name))) {
      console.error(`round ${round + 1} of ${options.rounds}: ${contender.name}`);
      try {
        for (const result of await takeTurn(contender, round, options)) {
          if ("reason" in result) invalid.push(result);
          else measured.push(result);
        }
      } catch (error) {
        if (!(error instanceof LeftOut)) throw error;
        leftOut.set(contender.name, error.message);
      }
    }
  }
  return { measured, invalid, leftOut: Array.from(leftOut, ([name, reason]) => ({ name, reason })) };
}
