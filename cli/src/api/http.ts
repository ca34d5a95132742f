/** One HTTP request, bounded in time. */
import { parseJson } from "@webhook-gateway/shared/text/json.ts";
import { plainText } from "../output/plain-text.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed; undefined if it is not JSON. */
  readonly body: unknown;
}

/** @throws a TimeoutError if the whole answer takes longer, and what `fetch` throws */
export async function requestJson(url: string, timeoutMs: number, init: RequestInit): Promise<HttpAnswer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = init.signal ? AbortSignal.any([timeout, init.signal]) : timeout;
  const response = await fetch(url, { redirect: "manual", ...init, signal });
  const { status, headers } = response;
  return { status, headers, body: parseJson(await response.text()) };
}

export const isTimeout = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.name === "TimeoutError";

/** Why `fetch` had no answer, in brackets: ` (ECONNREFUSED)`; empty if it does not say. */
export function unreachableReason(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  if (!(cause instanceof Error)) return "";
  return ` (${"code" in cause ? String(cause.code) : plainText(cause.message)})`;
}
