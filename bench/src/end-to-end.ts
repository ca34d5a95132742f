/**
 * `pnpm bench:end-to-end [deliveries] [per second]`: distinct deliveries of 25 KB through both Workers, with local
 * queues and D1, to a Grainchain that accepts at once. Ends when every validation has been dispatched, and checks the
 * invariants. Miniflare's queue and proxy cost more than the Workers themselves: a lower bound, not a capacity.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { D1Database } from "@cloudflare/workers-types";
import { invariants } from "@webhook-gateway/shared/store/maintain/invariants.ts";
import pLimit from "p-limit";
import { Pool } from "undici";
import { startLocalGateway } from "./end-to-end/gateway.ts";
import { startAcceptingGrainchain } from "./end-to-end/grainchain.ts";
import { describeMachine, loadAverage } from "./machine.ts";
import { pace } from "./pace.ts";
import { examplePayload, sign, WEBHOOK_PATH } from "./payload.ts";
import { writeResults } from "./results.ts";
import { percentile } from "./statistics.ts";

const REPOSITORIES = 100;
const CONNECTIONS = 64;
/** If nothing moves for so long, the run is given up. */
const STALL_MS = 60_000;
/** The rows of the last dispatch are written after Grainchain has answered. */
const SETTLE_MS = 2_000;

const deliveries = Number(process.argv[2] ?? 2_000);
const ratePerSecond = Number(process.argv[3] ?? 100);
if (!(deliveries >= 1 && ratePerSecond > 0)) {
  console.error("usage: pnpm bench:end-to-end [deliveries] [per second]");
  process.exit(2);
}

interface Acked {
  readonly validationId: string;
  /** When the gateway's answer came. */
  readonly at: number;
  readonly tookMs: number;
}

const example = examplePayload("pull_request") as {
  readonly pull_request: { readonly head: object };
  readonly repository: object;
};

/** One pull request each, of a hundred repositories. */
function distinctPayload(index: number): Record<string, unknown> {
  const number = index + 1;
  const repository = index % REPOSITORIES;
  const head = { ...example.pull_request.head, sha: randomBytes(20).toString("hex") };
  const updated_at = new Date().toISOString();
  return {
    ...example,
    number,
    pull_request: { ...example.pull_request, number, updated_at, head },
    repository: { ...example.repository, id: 1 + repository, full_name: `bench/repository-${repository}` },
  };
}

async function deliver(pool: Pool, index: number, due: number): Promise<Acked> {
  const payload = sign("pull_request", distinctPayload(index), randomUUID());
  const answer = await pool.request({ path: WEBHOOK_PATH, method: "POST", ...payload });
  const text = await answer.body.text();
  if (answer.statusCode !== 202) throw new Error(`a delivery was answered ${answer.statusCode}: ${text}`);
  const at = performance.now();
  const { validation_id } = JSON.parse(text) as { validation_id: string };
  return { validationId: validation_id, at, tookMs: at - due };
}

/** @throws if nothing moves for a minute */
async function waitForAll(triggered: ReadonlyMap<string, number>): Promise<void> {
  let last = { size: triggered.size, at: performance.now() };
  while (triggered.size < deliveries) {
    await delay(20);
    if (triggered.size > last.size) last = { size: triggered.size, at: performance.now() };
    if (performance.now() - last.at > STALL_MS) {
      throw new Error(`only ${triggered.size} of ${deliveries} were dispatched, and nothing moves`);
    }
  }
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

function percentiles(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), max: percentile(sorted, 1) };
}

const loadBefore = loadAverage();
const grainchain = await startAcceptingGrainchain();
const gateway = await startLocalGateway(grainchain.url);
const pool = new Pool(gateway.origin, { connections: CONNECTIONS, pipelining: 1 });
try {
  const begun = performance.now();
  // A body is built when there is a connection for it: otherwise they would fill the memory if the gateway falls behind.
  const limit = pLimit(CONNECTIONS);
  const acked = await pace(deliveries, ratePerSecond, (index, due) => limit(() => deliver(pool, index, due)));
  const allAcked = performance.now();
  await waitForAll(grainchain.triggeredAt);
  const triggered = (id: string): number => grainchain.triggeredAt.get(id) ?? Number.NaN;
  const ended = Array.from(grainchain.triggeredAt.values()).at(-1) ?? Number.NaN;
  await delay(SETTLE_MS);
  const result = {
    deliveries,
    ratePerSecond,
    ackedPerSecond: (deliveries * 1000) / (allAcked - begun),
    dispatchedPerSecond: (deliveries * 1000) / (ended - begun),
    ackMs: percentiles(acked.map(({ tookMs }) => tookMs)),
    ackToDispatchMs: percentiles(acked.map(({ validationId, at }) => triggered(validationId) - at)),
    grainchainCalls: grainchain.calls(),
    broken: await brokenInvariants(gateway.db),
    machine: describeMachine(loadBefore),
  };
  await writeResults(undefined, "end-to-end", result);
  console.log(JSON.stringify(result, null, 1));
  if (result.broken.length > 0) process.exitCode = 1;
} finally {
  await pool.destroy();
  await gateway.close();
  grainchain.close();
}
