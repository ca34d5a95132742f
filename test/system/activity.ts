/** Signs of life: each is a reason to look again at what is waited for. */
import { setTimeout as delay } from "node:timers/promises";
import { patienceMs } from "../support/patience.ts";

/** Between two looks, however much happens: a look is work for the gateway too. */
const REST_MS = 15;
/** What gives no sign is looked at all the same. */
const LOOK_AGAIN_MS = 100;

export class Pulse {
  #beats = 0;
  readonly #waiting = new Set<() => void>();

  get beats(): number {
    return this.#beats;
  }

  /** Something has happened. */
  beat(): void {
    this.#beats++;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Resolves once there were more beats than so many, or after a while without. */
  async next(beats: number): Promise<void> {
    await delay(REST_MS);
    if (this.#beats > beats) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    const timer = setTimeout(resolve, LOOK_AGAIN_MS);
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(resolve);
  }
}

/**
 * Waits until something holds, however long the machine takes.
 * @param pulse beats whenever it may have come to hold
 */
export async function eventually(
  what: string,
  holds: () => Promise<boolean>,
  pulse = new Pulse(),
): Promise<void> {
  const deadline = Date.now() + patienceMs();
  for (;;) {
    const { beats } = pulse;
    if (await holds()) return;
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`);
    await pulse.next(beats);
  }
}
