/**
 * How long tests wait. A limit only ends a hang and never decides a test: it is far longer than anything takes, and
 * grows with the load of the machine.
 */
import { availableParallelism, loadavg } from "node:os";
import { setTimeout as delay } from "node:timers/promises";

/** On an idle machine. */
const QUIET_MS = 60_000;
/** The first pause between two checks. A check is work for the machine too: each pause is longer than the last. */
const FIRST_PAUSE_MS = 20;
const LAST_PAUSE_MS = 250;

/** How many programs compete for each core at the moment; at least 1. */
export const slowness = (): number => Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());

/** After this time in milliseconds, a wait that starts now is a hang. */
export const patienceMs = (): number => Math.round(QUIET_MS * slowness());

/**
 * Waits until something exists.
 * @param what names it in the error
 * @param read returns undefined as long as it does not exist
 */
export async function waitFor<T>(
  what: string,
  read: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const begun = performance.now();
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.3, LAST_PAUSE_MS)) {
    const value = await read();
    if (value !== undefined) return value;
    if (performance.now() - begun > patienceMs()) throw new Error(`waited in vain for ${what}`);
    await delay(pause);
  }
}

/** Waits until something holds. */
export async function waitUntil(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  await waitFor(what, async () => ((await holds()) ? true : undefined));
}
