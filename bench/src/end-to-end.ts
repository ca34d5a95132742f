/**
 * `pnpm bench:end-to-end [deliveries] [per second]`: distinct deliveries of 25 KB through both Workers, with local
 * queues and D1, to a Grainchain that accepts at once. Ends when every validation has been dispatched, and checks the
 * invariants. Miniflare's queue and proxy cost more than the Workers themselves: a lower bound, not a capacity.
 * With `--peers`, the gateway takes turns with what a team would build beside it.
 */
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { D1Database } from "@cloudflare/workers-types";
import { invariants } from "@webhook-gateway/shared/store/maintain/invariants.ts";
import { startLocalGateway } from "./end-to-end/gateway.ts";
import { startAcceptingGrainchain } from "./end-to-end/grainchain.ts";
import { load } from "./end-to-end/load.ts";
import { describeMachine, loadAverage } from "./machine.ts";
import { comparePeers } from "./peers/compare.ts";
import { writeResults } from "./results.ts";

/** The rows of the last dispatch are written after Grainchain has answered. */
const SETTLE_MS = 2_000;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { peers: { type: "boolean" }, rounds: { type: "string" }, out: { type: "string" } },
});
const [given, givenRate] = positionals.map(Number);
const rounds = Number(values.rounds ?? 3);
const deliveries = given ?? 2_000;
const ratePerSecond = givenRate ?? (values.peers ? 50 : 100);
if (!(deliveries >= 1 && ratePerSecond > 0 && rounds >= 1)) {
  console.error(
    "usage: pnpm bench:end-to-end [--peers [--rounds N]] [--out folder] [deliveries] [per second]",
  );
  process.exit(2);
}

async function brokenInvariants(db: D1Database): Promise<readonly string[]> {
  const broken: string[] = [];
  for (const { rule, sql } of invariants(true)) {
    const { results } = await db.prepare(sql).all();
    if (results.length > 0) broken.push(`${rule}: ${results.length} rows`);
  }
  const recorded = await db.prepare("SELECT count(*) AS n FROM deliveries").first<number>("n");
  if (recorded !== deliveries) broken.push(`${recorded} of ${deliveries} deliveries are recorded`);
  return broken;
}

async function runAlone(): Promise<void> {
  const loadBefore = loadAverage();
  const grainchain = await startAcceptingGrainchain();
  const gateway = await startLocalGateway(grainchain.url);
  try {
    const measured = await load(gateway.origin, grainchain.triggeredAt, { deliveries, ratePerSecond });
    await delay(SETTLE_MS);
    const result = {
      deliveries,
      ratePerSecond,
      ...measured,
      grainchainCalls: grainchain.calls(),
      broken: await brokenInvariants(gateway.db),
      machine: describeMachine(loadBefore),
    };
    await writeResults(values.out, "end-to-end", result);
    console.log(JSON.stringify(result, null, 1));
    if (result.broken.length > 0) process.exitCode = 1;
  } finally {
    await gateway.close();
    grainchain.close();
  }
}

await (values.peers ? comparePeers({ deliveries, ratePerSecond, rounds, out: values.out }) : runAlone());
