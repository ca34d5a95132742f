/**
 * At a fixed rate, whatever the answers do. A request's time runs from the moment it was due, not from the moment it
 * could be sent, so a server that stalls is charged for all that had to wait: no coordinated omission.
 *
 * Not autocannon's `overallRate`: autocannon 9 sends a second's requests back to back at the start of that second, and
 * corrects with an expected interval of `Math.ceil(1 / rate)`, which is 1 ms at every rate (lib/httpClient.js, lib/run.js).
 */
import { Pool } from "undici";
import { pace } from "./pace.ts";
import { type Payload, WEBHOOK_PATH } from "./payload.ts";
import { percentile } from "./statistics.ts";

/** More than a server under its capacity ever needs at these rates. */
const MAX_CONNECTIONS = 128;

/** Sent before the clock runs: opens the connections. */
const WARM_UP_SECONDS = 0.5;

export interface OpenLoop {
  readonly requests: number;
  readonly ratePerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/**
 * Loads a server at a rate.
 * @param ratePerSecond requests due each second, evenly spaced
 * @throws where any request was not answered with 2xx
 */
export async function openLoop(
  origin: string,
  payload: Payload,
  ratePerSecond: number,
  seconds: number,
): Promise<OpenLoop> {
  const pool = new Pool(origin, { connections: MAX_CONNECTIONS, pipelining: 1 });
  try {
    const send = (_number: number, due: number) => request(pool, payload, due);
    await pace(Math.ceil(ratePerSecond * WARM_UP_SECONDS), ratePerSecond, send);
    const sorted = Float64Array.from(
      await pace(Math.ceil(ratePerSecond * seconds), ratePerSecond, send),
    ).sort();
    return {
      requests: sorted.length,
      ratePerSecond,
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
      p999Ms: percentile(sorted, 0.999),
      maxMs: percentile(sorted, 1),
    };
  } finally {
    await pool.destroy();
  }
}

/** @returns the time from due to answered, in milliseconds */
async function request(pool: Pool, { body, headers }: Payload, due: number): Promise<number> {
  const answer = await pool.request({ path: WEBHOOK_PATH, method: "POST", headers, body });
  await answer.body.dump();
  if (answer.statusCode < 200 || answer.statusCode > 299) {
    throw new Error(`an answer ${answer.statusCode} at a fixed rate`);
  }
  return performance.now() - due;
}
