/**
 * Two kinds of load. The closed loop goes as fast as it can: each connection sends again when it is answered. The open
 * loop keeps a rate, whatever the answers do.
 */
import autocannon from "autocannon";
import { Pool } from "undici";
import { pace } from "../pace.ts";
import { type Payload, WEBHOOK_PATH } from "../payload.ts";
import { percentile } from "../statistics.ts";

export const CONNECTIONS = 16;
/** More than a server under its capacity ever needs at these rates. */
const MAX_CONNECTIONS = 128;
/** Sent before the clock runs: opens the connections. */
const WARM_UP_SECONDS = 0.5;

/** @throws if any request was not answered with 2xx */
export async function closedLoop(origin: string, { headers, body }: Payload, seconds: number) {
  const url = `${origin}${WEBHOOK_PATH}`;
  const load = { url, method: "POST", headers, body, connections: CONNECTIONS, duration: seconds } as const;
  const { errors, timeouts, non2xx, duration, "2xx": requests } = await autocannon(load);
  if (errors + timeouts + non2xx > 0) {
    throw new Error(`${non2xx} answers other than 2xx, ${errors} errors, ${timeouts} timeouts`);
  }
  return { requests, requestsPerSecond: requests / duration };
}

/**
 * A request's time runs from the moment it was due, not from the moment it could be sent, so a server that stalls is
 * charged for all that had to wait: no coordinated omission. Autocannon's `overallRate` does not do that: it sends a
 * second's requests back to back at the start of that second.
 * @throws if any request was not answered with 2xx
 */
export async function openLoop(origin: string, payload: Payload, ratePerSecond: number, seconds: number) {
  const pool = new Pool(origin, { connections: MAX_CONNECTIONS, pipelining: 1 });
  const send = async (_number: number, due: number): Promise<number> => {
    const answer = await pool.request({ path: WEBHOOK_PATH, method: "POST", ...payload });
    await answer.body.dump();
    if (answer.statusCode < 200 || answer.statusCode > 299) {
      throw new Error(`an answer ${answer.statusCode} at a fixed rate`);
    }
    return performance.now() - due;
  };
  try {
    await pace(Math.ceil(ratePerSecond * WARM_UP_SECONDS), ratePerSecond, send);
    const times = await pace(Math.ceil(ratePerSecond * seconds), ratePerSecond, send);
    const sorted = times.toSorted((a, b) => a - b);
    return { p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) };
  } finally {
    await pool.destroy();
  }
}
