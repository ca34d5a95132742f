/** One HTTP question of a check. */

import { unreachableReason } from "../api/unreachable.ts";
import { GatewayError } from "../exit.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed; undefined where it is no JSON. */
  readonly body: unknown;
  /** When it was asked, and when the answer came, in milliseconds since the epoch. */
  readonly askedAt: number;
  readonly answeredAt: number;
}

const TIMEOUT_MS = 10_000;
/** Nothing that is asked for is nearly as long. */
const MAX_BODY_CHARACTERS = 1_000_000;

/** @throws GatewayError where there is no answer */
export async function askHttp(url: string, signal: AbortSignal): Promise<HttpAnswer> {
  const askedAt = Date.now();
  try {
    const response = await fetch(url, {
      headers: { accept: "application/json", "user-agent": "webhook-gateway-doctor" },
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    const answeredAt = Date.now();
    const text = await response.text();
    const { status, headers } = response;
    return { status, headers, body: parseJson(text.slice(0, MAX_BODY_CHARACTERS)), askedAt, answeredAt };
  } catch (thrown) {
    throw new GatewayError(`${url} ${reasonOf(thrown)}`);
  }
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof Error && ["TimeoutError", "AbortError"].includes(thrown.name)) {
    return `did not answer within ${TIMEOUT_MS / 1000} s`;
  }
  return `cannot be reached${unreachableReason(thrown)}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
