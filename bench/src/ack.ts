/**
 * `pnpm bench`: what acknowledging a delivery costs the gateway, beside the floor on the same workerd and beside what
 * others use on Node. Contenders take turns within each round, each in a process of its own.
 */
import { parseArgs } from "node:util";
import { listContenders } from "./ack/contender.ts";
import { countInstructions } from "./ack/instructions.ts";
import { CONNECTIONS } from "./ack/load.ts";
import { type Measurement, takeTurn } from "./ack/round.ts";
import { summarize, writeTables } from "./ack/summary.ts";
import { describeMachine, loadAverage } from "./machine.ts";
import { PAYLOAD_NAMES } from "./payload.ts";
import { describeRun, writeResults } from "./results.ts";

const USAGE = `usage: pnpm bench [--quick] [--rounds N] [--seconds S] [--only name,…] [--out folder] [--instructions]
  --quick    the pull_request payload only, 3 short rounds: a minute
  --rounds   how often every contender is started and measured (default 7)
  --seconds  how long each load lasts (default 4)
  --only     contenders to measure (default all)
  --out      where the results go (default bench/results)`;

/** @throws TypeError if an option is unknown or malformed */
function readOptions() {
  const text = { type: "string" } as const;
  const { quick, instructions, only, out, ...numbers } = parseArgs({
    options: {
      quick: { type: "boolean" },
      instructions: { type: "boolean" },
      rounds: text,
      seconds: text,
      only: text,
      out: text,
    },
  }).values;
  const rounds = Number(numbers.rounds ?? (quick ? 3 : 7));
  const seconds = Number(numbers.seconds ?? (quick ? 1.2 : 4));
  if (!(rounds >= 1 && seconds > 0)) throw new TypeError("--rounds and --seconds are numbers above 0");
  const payloads = quick ? (["pull_request"] as const) : PAYLOAD_NAMES;
  return {
    rounds,
    seconds,
    warmUpSeconds: quick ? 0.8 : 2,
    payloads,
    only: only?.split(","),
    out,
    instructions,
  };
}

function optionsOrExit() {
  try {
    return readOptions();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    process.exit(2);
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(1));

const { out, only, instructions, ...options } = optionsOrExit();
const begunAt = new Date().toISOString();
const loadBefore = loadAverage();
const contenders = (await listContenders()).filter(({ name }) => only?.includes(name) ?? true);
if (instructions) {
  for (const contender of contenders.filter(({ isWorker }) => isWorker)) {
    console.log(
      `${contender.name}: ${(await countInstructions(contender))?.toFixed(0)} thousand instructions a request`,
    );
  }
  process.exit(0);
}
const measured: Measurement[] = [];
/** A contender that fails spoils its own turn only. */
const failed: string[] = [];
for (let round = 0; round < options.rounds; round++) {
  // Every round starts with another contender, so that none always follows the same one.
  const first = round % contenders.length;
  for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
    console.error(`round ${round + 1} of ${options.rounds}: ${contender.name}`);
    try {
      await takeTurn(contender, { round, ...options }, (one) => measured.push(one));
    } catch (error) {
      failed.push(`${contender.name}, round ${round + 1}: ${error instanceof Error ? error.message : error}`);
    }
  }
}
const machine = describeMachine(loadBefore);
const rows = summarize(measured);
const report = `# Acknowledging a delivery

${describeRun(begunAt, machine)}
The load generator shares the machine. ${options.rounds} interleaved rounds, each contender started afresh in each,
${options.seconds} s a load; median (min–max). Requests/s, CPU and memory: a closed loop of ${CONNECTIONS} connections.
Latencies: a fixed rate, from when a request was due.

${writeTables(rows)}
${contenders.map(({ name, does }) => `- ${name}: ${does}`).join("\n")}
${failed.map((each) => `- failed: ${each}\n`).join("")}`;
console.log(report);
await writeResults(out, "ack", { begunAt, machine, options, failed, rows }, report);
process.exit(failed.length === 0 && measured.length > 0 ? 0 : 1);
