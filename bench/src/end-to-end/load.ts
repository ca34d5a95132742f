/** Distinct deliveries at a rate, and when each of them was acknowledged and dispatched. */
import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import pLimit from "p-limit";
import { Pool } from "undici";
import { pace } from "../pace.ts";
import { examplePayload, sign, WEBHOOK_PATH } from "../payload.ts";
import { percentile } from "../statistics.ts";

const REPOSITORIES = 100;
const CONNECTIONS = 64;
/** If nothing moves for so long, the run is given up. */
const STALL_MS = 60_000;

interface Acked {
  readonly validationId: string;
  /** When the answer came. */
  readonly at: number;
  readonly tookMs: number;
}

const example = examplePayload("pull_request") as {
  readonly pull_request: { readonly head: object };
  readonly repository: object;
};

/** One pull request each, of a hundred repositories. */
function distinctPayload(number: number): Record<string, unknown> {
  const repository = number % REPOSITORIES;
  const head = { ...example.pull_request.head, sha: randomBytes(20).toString("hex") };
  const updated_at = new Date().toISOString();
  return {
    ...example,
    number,
    pull_request: { ...example.pull_request, number, updated_at, head },
    repository: { ...example.repository, id: 1 + repository, full_name: `bench/repository-${repository}` },
  };
}

async function deliver(pool: Pool, number: number, due: number): Promise<Acked> {
  const payload = sign("pull_request", distinctPayload(number), randomUUID());
  const answer = await pool.request({ path: WEBHOOK_PATH, method: "POST", ...payload });
  const text = await answer.body.text();
  if (answer.statusCode !== 202) throw new Error(`a delivery was answered ${answer.statusCode}: ${text}`);
  const at = performance.now();
  const { validation_id } = JSON.parse(text) as { validation_id: string };
  return { validationId: validation_id, at, tookMs: at - due };
}

/** @throws if nothing moves for a minute */
async function waitForAll(acked: readonly Acked[], triggered: ReadonlyMap<string, number>): Promise<void> {
  let last = { size: triggered.size, at: performance.now() };
  while (!acked.every(({ validationId }) => triggered.has(validationId))) {
    await delay(20);
    if (triggered.size > last.size) last = { size: triggered.size, at: performance.now() };
    if (performance.now() - last.at > STALL_MS) {
      throw new Error(`only ${triggered.size} deliveries were dispatched, and nothing moves`);
    }
  }
}

function percentiles(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), max: percentile(sorted, 1) };
}

export interface Load {
  readonly deliveries: number;
  /** As fast as they are answered if it is infinite. */
  readonly ratePerSecond: number;
  /** The number of the first pull request: another load of the same gateway has others. */
  readonly first?: number;
}

/**
 * Ends when Grainchain has heard of every delivery.
 * @param triggered when it heard of each validation
 */
export async function load(
  origin: string,
  triggered: ReadonlyMap<string, number>,
  { deliveries, ratePerSecond, first = 1 }: Load,
) {
  const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 });
  try {
    const begun = performance.now();
    // A body is built when there is a connection for it: otherwise they would fill the memory if the gateway falls behind.
    const limit = pLimit(CONNECTIONS);
    const acked = await pace(deliveries, ratePerSecond, (index, due) =>
      limit(() => deliver(pool, first + index, due)),
    );
    const allAcked = performance.now();
    await waitForAll(acked, triggered);
    const dispatched = acked.map(({ validationId }) => triggered.get(validationId) ?? Number.NaN);
    const ended = dispatched.reduce((last, at) => Math.max(last, at), begun);
    return {
      ackedPerSecond: (deliveries * 1000) / (allAcked - begun),
      dispatchedPerSecond: (deliveries * 1000) / (ended - begun),
      ackMs: percentiles(acked.map(({ tookMs }) => tookMs)),
      ackToDispatchMs: percentiles(acked.map(({ at }, i) => (dispatched[i] ?? Number.NaN) - at)),
    };
  } finally {
    await pool.destroy();
  }
}
