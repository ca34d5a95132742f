/** A delay that doubles with every attempt. */
export interface Backoff {
  /** Delay after the first attempt, in milliseconds. */
  readonly firstMs: number;
  /** No delay is longer, in milliseconds. */
  readonly maxMs: number;
}

/** Dispatches, cancels and reports that may succeed when tried again. */
export const EFFECT_BACKOFF: Backoff = { firstMs: 5_000, maxMs: 15 * 60_000 };

/**
 * The gate while Grainchain is unavailable. It starts like {@link EFFECT_BACKOFF}, so that a single validation is tried
 * again as early as its own backoff says. At 10 minutes, a day's outage is some 150 attempts, spread over all that wait.
 */
export const UNAVAILABLE_BACKOFF: Backoff = { firstMs: 5_000, maxMs: 10 * 60_000 };

/** The gate while Grainchain is full. */
export const BACKPRESSURE_BACKOFF: Backoff = { firstMs: 10_000, maxMs: 5 * 60_000 };

/** The gate while Grainchain refuses the configuration. */
export const CONFIGURATION_BACKOFF: Backoff = { firstMs: 10_000, maxMs: 60_000 };

/**
 * Facts that could not be recorded. With the events queue's 100 retries they add up to more than 9 hours of D1
 * being down before a fact reaches the dead-letter queue.
 */
export const RECORD_BACKOFF: Backoff = { firstMs: 5_000, maxMs: 6 * 60_000 };

/**
 * Facts in the dead-letter queue. With its 100 retries they add up to more than 11 days, within the 14 days
 * for which Queues keep a message (https://developers.cloudflare.com/queues/platform/limits/).
 */
export const DEAD_LETTER_BACKOFF: Backoff = { firstMs: 60_000, maxMs: 3 * 3_600_000 };

/**
 * The delay after the given attempt, in milliseconds, without jitter.
 * @param attempt 1 for the first
 */
export function backoffMs(backoff: Backoff, attempt: number): number {
  const doublings = Math.min(Math.max(attempt, 1) - 1, 30);
  return Math.min(backoff.firstMs * 2 ** doublings, backoff.maxMs);
}

/**
 * Adds up to half of a delay to it, so that what failed together is not tried again at once.
 * @param random in [0, 1)
 */
export function withJitter(delayMs: number, random: number): number {
  return Math.round(delayMs + (delayMs / 2) * random);
}
