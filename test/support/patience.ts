/**
 * How long tests wait. A limit is there to end a hang and never to judge: it is far beyond what anything takes, and
 * grows with what else the machine has to do.
 */
import { availableParallelism, loadavg } from "node:os";
import { setTimeout as delay } from "node:timers/promises";

/** On a machine that does nothing else. */
const QUIET_MS = 60_000;
/** The first pause between two looks. A look costs the machine something too: each pause is longer than the last. */
const FIRST_PAUSE_MS = 20;
const LAST_PAUSE_MS = 250;

/** How many programs want each core at the moment; at least 1. */
export const slowness = (): number => Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());

/** After this time a wait that begins now is a hang, in milliseconds. */
export const patienceMs = (): number => Math.round(QUIET_MS * slowness());

/**
 * Waits until something is there.
 * @param what is named if it never comes
 * @param read gives undefined as long as there is nothing
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
