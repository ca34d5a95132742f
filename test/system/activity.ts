/** Signals that something happened: each is a reason to check again what a test waits for. */
import { setTimeout as delay } from "node:timers/promises";
import { patienceMs } from "../support/patience.ts";

/** Between two checks, however much happens: a check is work for the gateway too. */
const REST_MS = 15;
/** Without a signal, the check is repeated after this time. */
const CHECK_AGAIN_MS = 100;

export class Activity {
  #count = 0;
  readonly #waiting = new Set<() => void>();

  get count(): number {
    return this.#count;
  }

  /** Signals that something has happened. */
  signal(): void {
    this.#count++;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Resolves once there were more signals than `count`, or after a while without any. */
  async next(count: number): Promise<void> {
    await delay(REST_MS);
    if (this.#count > count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    const timer = setTimeout(resolve, CHECK_AGAIN_MS);
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(resolve);
  }
}

/**
 * Waits until something holds, however slow the machine is.
 * @param activity signals whenever it may have come to hold
 */
export async function eventually(
  what: string,
  holds: () => Promise<boolean>,
  activity = new Activity(),
): Promise<void> {
  const deadline = Date.now() + patienceMs();
  for (;;) {
    const { count } = activity;
    if (await holds()) return;
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`);
    await activity.next(count);
  }
}
