/** The failure of a request to Grainchain, and what to do next. */

import { isoTime } from "../text/iso-time.ts";
import { cutText } from "../text/text.ts";
import { backoffMs, EFFECT_BACKOFF, withJitter } from "./backoff.ts";

/**
 * - `backpressure`: full; costs no attempt, the gate closes for a while
 * - `retryable`: tried again with a growing delay, a limited number of times
 * - `configuration`: the operator must fix the configuration; costs no attempt, the gate closes
 * - `permanent`: this request is refused; dead at once
 */
export type FailureClass = "backpressure" | "retryable" | "configuration" | "permanent";

export interface Failure {
  readonly class: FailureClass;
  /** For a person; at most {@link MAX_ERROR_BYTES}, no secret. */
  readonly error: string;
  /** How long the server asked to be left alone, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** An error text is cut to this many bytes before it is kept. */
export const MAX_ERROR_BYTES = 2048;

/** Classes of the HTTP statuses that Grainchain answers a trigger with (3xx: it is not where the URL points). */
export function classifyStatus(status: number): FailureClass {
  if (status === 429 || status === 503) return "backpressure";
  if (status === 408 || status >= 500) return "retryable";
  if (status === 401 || status === 403 || status === 404) return "configuration";
  if (status >= 300 && status < 400) return "configuration";
  return status >= 400 ? "permanent" : "retryable";
}

/** The failure that an HTTP answer stands for. `text` is the answer's body. */
export function failureOf(status: number, text: string, retryAfterMs?: number): Failure {
  const detail = text.trim();
  const error = cutText(detail === "" ? `HTTP ${status}` : `HTTP ${status}: ${detail}`, MAX_ERROR_BYTES);
  const failure = { class: classifyStatus(status), error };
  return retryAfterMs === undefined ? failure : { ...failure, retryAfterMs };
}

/**
 * Reads a `Retry-After` header: seconds or an HTTP date. Each caller limits it as it needs.
 * @returns milliseconds from `nowMs`, at most a day; undefined if the header is missing, unreadable, or a date that is past
 */
export function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const given = header.trim();
  // `Date.parse` makes a date of nearly anything, a negative number included; an HTTP date ends in GMT.
  const dateMs = given.endsWith(" GMT") ? Date.parse(given) : Number.NaN;
  const delayMs = /^\d+$/.test(given) ? Number(given) * 1000 : dateMs - nowMs;
  return delayMs >= 0 ? Math.min(delayMs, 86_400_000) : undefined;
}

/** When an effect is tried again, or that it is dead. */
export type NextAttempt = { readonly dead: true } | { readonly dead: false; readonly dueAt: string };

/** @param attempts made so far, this one included */
export function nextAttempt(
  attempts: number,
  maxAttempts: number,
  nowMs: number,
  random: number,
): NextAttempt {
  if (attempts >= maxAttempts) return { dead: true };
  const delayMs = Math.min(withJitter(backoffMs(EFFECT_BACKOFF, attempts), random), EFFECT_BACKOFF.maxMs);
  return { dead: false, dueAt: isoTime(nowMs + delayMs) };
}
