import { setTimeout as sleep } from "node:timers/promises";

/** Waits for `work`, but no longer than `limitMs`. */
export async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  await Promise.race([work, sleep(limitMs, undefined, { signal: done.signal }).catch(() => {})]);
  done.abort();
}
