/** The gateway and its peers, in turns: at a rate that all sustain, then as fast as each takes deliveries. */
import { setTimeout as delay } from "node:timers/promises";
import { cpuMsOfChildren } from "../ack/usage.ts";
import { startLocalGateway } from "../end-to-end/gateway.ts";
import { startAcceptingGrainchain } from "../end-to-end/grainchain.ts";
import { load } from "../end-to-end/load.ts";
import { describeMachine, loadAverage } from "../machine.ts";
import { count, describeRun, table, writeResults } from "../results.ts";
import { spread } from "../statistics.ts";
import { type Contender, startPeer } from "./contender.ts";
import { requireServices } from "./services.ts";

/** What is recorded after Grainchain has answered. */
const SETTLE_MS = 3_000;
/** Not counted: code is compiled, connections are opened. */
const WARM_UP = { deliveries: 200, ratePerSecond: 50 };

async function startGateway(grainchainUrl: string): Promise<Contender> {
  const { origin, db, close } = await startLocalGateway(grainchainUrl);
  return {
    origin,
    close,
    stored: async () => {
      const { meta, results } = await db.prepare("SELECT count(*) AS n FROM deliveries").all<{ n: number }>();
      return { bytes: meta.size_after, deliveries: results[0]?.n ?? 0 };
    },
  };
}

const CONTENDERS = {
  "this gateway, under Miniflare": startGateway,
  "Hono, BullMQ on Redis, PostgreSQL": (url: string) => startPeer("bullmq", url),
  "Hono, pg-boss, PostgreSQL": (url: string) => startPeer("pg-boss", url),
} as const;

const FIGURES = {
  dispatchedPerSecond: "deliveries/s at most",
  p50Ms: "ms to dispatch, p50",
  p99Ms: "p99",
  cpuMs: "CPU ms a delivery",
  bytes: "bytes stored a delivery",
} as const;
type Figure = keyof typeof FIGURES;
type Figures = Readonly<Record<Figure, number>>;

interface Options {
  readonly deliveries: number;
  readonly ratePerSecond: number;
  readonly rounds: number;
  readonly out: string | undefined;
}

/** @throws if a delivery is not recorded */
async function measure(
  start: (grainchainUrl: string) => Promise<Contender>,
  { deliveries, ratePerSecond }: Options,
): Promise<Figures> {
  const grainchain = await startAcceptingGrainchain();
  const contender = await start(grainchain.url);
  const run = (of: number, rate: number, first: number) =>
    load(contender.origin, grainchain.triggeredAt, { deliveries: of, ratePerSecond: rate, first });
  try {
    await run(WARM_UP.deliveries, WARM_UP.ratePerSecond, 1);
    const { ackToDispatchMs } = await run(deliveries / 2, ratePerSecond, 1_001);
    await delay(SETTLE_MS);
    const before = await contender.stored();
    const cpuBefore = cpuMsOfChildren();
    const { dispatchedPerSecond } = await run(deliveries, Number.POSITIVE_INFINITY, 100_001);
    await delay(SETTLE_MS);
    const cpuMs = (cpuMsOfChildren() - cpuBefore) / deliveries;
    const after = await contender.stored();
    const stored = after.deliveries - before.deliveries;
    if (stored !== deliveries) throw new Error(`${stored} of ${deliveries} deliveries are recorded`);
    const bytes = (after.bytes - before.bytes) / deliveries;
    return { dispatchedPerSecond, p50Ms: ackToDispatchMs.p50, p99Ms: ackToDispatchMs.p99, cpuMs, bytes };
  } finally {
    await contender.close();
    grainchain.close();
  }
}

export async function comparePeers(options: Options): Promise<void> {
  requireServices();
  const { deliveries, ratePerSecond, rounds } = options;
  const begunAt = new Date().toISOString();
  const loadBefore = loadAverage();
  const names = Object.keys(CONTENDERS) as (keyof typeof CONTENDERS)[];
  const measured = new Map(names.map((name) => [name, [] as Figures[]]));
  for (let round = 0; round < rounds; round++) {
    for (const name of [...names.slice(round % names.length), ...names.slice(0, round % names.length)]) {
      console.error(`round ${round + 1} of ${rounds}: ${name}`);
      measured.get(name)?.push(await measure(CONTENDERS[name], options));
    }
  }
  const rows = names.map((name) => {
    const figures = Object.keys(FIGURES).map((figure) =>
      (spread((measured.get(name) ?? []).map((each) => each[figure as Figure])) ?? []).map((value) =>
        count(value, value < 100 ? 2 : 0),
      ),
    );
    return [name, ...figures.map(([median, min, max]) => `${median} (${min}–${max})`)];
  });
  const machine = describeMachine(loadBefore);
  const report = `# From end to end, beside others

${describeRun(begunAt, machine)}
${rounds} rounds in turns, median (min–max). The load generator and Grainchain share the machine.
Times: from the answer to Grainchain, ${deliveries / 2} deliveries at ${ratePerSecond} a second. The rest: ${deliveries} as fast as
they are answered, until the last one is dispatched. CPU: of all processes that the contender has started.

${table(["contender", ...Object.values(FIGURES)], rows)}
`;
  console.log(report);
  await writeResults(options.out, "peers", { begunAt, machine, options, measured: [...measured] }, report);
}
