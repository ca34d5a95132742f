/** As fast as it goes: so many connections, each sending its next request when the last one is answered. */
import autocannon from "autocannon";
import { type Payload, WEBHOOK_PATH } from "./payload.ts";

/** Connections of the closed loop (issue 7). */
export const CONNECTIONS = 16;

export interface ClosedLoop {
  readonly requests: number;
  readonly requestsPerSecond: number;
}

/**
 * Loads a server through autocannon.
 * @param seconds how long
 * @throws where any request was not answered with 2xx
 */
export async function closedLoop(origin: string, payload: Payload, seconds: number): Promise<ClosedLoop> {
  const result = await autocannon({
    url: `${origin}${WEBHOOK_PATH}`,
    method: "POST",
    headers: payload.headers,
    body: payload.body,
    connections: CONNECTIONS,
    duration: seconds,
  });
  const { errors, timeouts, non2xx } = result;
  if (errors + timeouts + non2xx > 0) {
    throw new Error(`${non2xx} answers other than 2xx, ${errors} errors, ${timeouts} time-outs`);
  }
  const requests = result["2xx"];
  return { requests, requestsPerSecond: requests / result.duration };
}
