/**
 * `pnpm bench:end-to-end [deliveries] [per second]`: distinct deliveries of 25 KB through both Workers, with local
 * queues and D1, to a Grainchain that accepts at once. Ends when every validation has been dispatched, and checks the
 * invariants. Miniflare's queue and proxy cost more than the Workers themselves: a lower bound, not a capacity.
 */
import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { invariants } from "@webhook-gateway/shared/store/maintain/invariants.ts";
import { Pool } from "undici";
import { startAcceptingGrainchain } from "./accepting-grainchain.ts";
import { type LocalGateway, startLocalGateway } from "./local-gateway.ts";
import { describeMachine, loadAverage } from "./machine.ts";
import { pace } from "./pace.ts";
import { buildPayload, WEBHOOK_PATH, WEBHOOK_SECRET } from "./payload.ts";
import { createSlots } from "./slots.ts";
import { percentile } from "./statistics.ts";

const RESULTS = path.resolve(import.meta.dirname, "../results");
const REPOSITORIES = 100;
const CONNECTIONS = 64;
/** How long nothing may move before the run is given up. */
const STALL_MS = 60_000;

const deliveries = Number(process.argv[2] ?? 2_000);
const ratePerSecond = Number(process.argv[3] ?? 100);
if (!(deliveries >= 1 && ratePerSecond > 0)) {
  console.error("usage: pnpm bench:end-to-end [deliveries] [per second]");
  process.exit(2);
}

/** An accepted delivery: its validation, and when the gateway's answer came. */
interface Acked {
  readonly validationId: string;
  readonly at: number;
  readonly tookMs: number;
}

const example = JSON.parse(buildPayload("pull_request").body.toString()) as ExamplePullRequest;

interface ExamplePullRequest {
  readonly pull_request: { readonly head: object };
  readonly repository: object;
}

/** One pull request each, of a hundred repositories. */
function distinctBody(number: number): Buffer {
  const repository = number % REPOSITORIES;
  return Buffer.from(
    JSON.stringify({
      ...example,
      number: number + 1,
      pull_request: {
        ...example.pull_request,
        number: number + 1,
        updated_at: new Date().toISOString(),
        head: { ...example.pull_request.head, sha: randomBytes(20).toString("hex") },
      },
      repository: { ...example.repository, id: 1 + repository, full_name: `bench/repository-${repository}` },
    }),
  );
}

async function deliver(pool: Pool, number: number, due: number): Promise<Acked> {
  const body = distinctBody(number);
  const { headers } = buildHeaders(body);
  const answer = await pool.request({ path: WEBHOOK_PATH, method: "POST", headers, body });
  const text = await answer.body.text();
  if (answer.statusCode !== 202) throw new Error(`a delivery was answered ${answer.statusCode}: ${text}`);
  const at = performance.now();
  return {
    validationId: (JSON.parse(text) as { validation_id: string }).validation_id,
    at,
    tookMs: at - due,
  };
}

function buildHeaders(body: Buffer) {
  const signature = createHmac("sha256", WEBHOOK_SECRET).update(body).digest("hex");
  const headers = {
    "content-type": "application/json",
    "x-github-event": "pull_request",
    "x-github-delivery": randomUUID(),
    "x-hub-signature-256": `sha256=${signature}`,
  };
  return { headers };
}

/** @throws where nothing moves for a minute */
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

async function brokenInvariants({ query }: LocalGateway): Promise<readonly string[]> {
  const broken: string[] = [];
  for (const { rule, sql } of invariants(true)) {
    const rows = await query(sql);
    if (rows.length > 0) broken.push(`${rule}: ${rows.length} rows`);
  }
  const [[recorded] = []] = await query("SELECT count(*) FROM deliveries");
  if (Number(recorded) !== deliveries) broken.push(`${recorded} of ${deliveries} deliveries are recorded`);
  return broken;
}

const loadBefore = loadAverage();
const grainchain = await startAcceptingGrainchain();
const gateway = await startLocalGateway(grainchain.url);
const pool = new Pool(gateway.origin, { connections: CONNECTIONS, pipelining: 1 });
try {
  const begun = performance.now();
  // A body is built when there is a connection for it: a gateway that falls behind would fill the memory here.
  const inSlot = createSlots(CONNECTIONS);
  const acked = await pace(deliveries, ratePerSecond, (number, due) =>
    inSlot(() => deliver(pool, number, due)),
  );
  const allAcked = performance.now();
  await waitForAll(grainchain.triggeredAt);
  // Triggered in the order of their times.
  const ended = Array.from(grainchain.triggeredAt.values()).at(-1) ?? Number.NaN;
  // The rows of the last dispatch are written after Grainchain has answered.
  await delay(2_000);
  const lags = acked.map(
    ({ validationId, at }) => (grainchain.triggeredAt.get(validationId) ?? Number.NaN) - at,
  );
  const operations = gateway.operations();
  const each = (total: number | undefined) => (total === undefined ? undefined : total / deliveries);
  const result = {
    deliveries,
    ratePerSecond,
    ackedPerSecond: (deliveries * 1000) / (allAcked - begun),
    dispatchedPerSecond: (deliveries * 1000) / (ended - begun),
    ackMs: percentiles(acked.map(({ tookMs }) => tookMs)),
    ackToDispatchMs: percentiles(lags),
    grainchainCalls: grainchain.calls(),
    perDelivery: {
      statements: each(operations?.statements),
      databaseCalls: each(operations?.calls),
      rowsRead: each(operations?.rowsRead),
      rowsWritten: each(operations?.rowsWritten),
      // A message is written, read and deleted: three operations each (Queues' pricing, docs 2026-11).
      messages: each((operations?.sent ?? Number.NaN) + deliveries),
      queueOperations: each(3 * ((operations?.sent ?? Number.NaN) + deliveries)),
    },
    operations,
    broken: await brokenInvariants(gateway),
    machine: describeMachine(loadBefore),
  };
  await mkdir(RESULTS, { recursive: true });
  await writeFile(path.join(RESULTS, "end-to-end.json"), `${JSON.stringify(result, null, 1)}\n`);
  console.log(JSON.stringify(result, null, 1));
  if (result.broken.length > 0) process.exitCode = 1;
} finally {
  await pool.destroy();
  await gateway.close();
  grainchain.close();
}

function percentiles(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(percentile(sorted, share) * 10) / 10;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
