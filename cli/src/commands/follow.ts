/** Follows work of the gateway until it is done. */
import { setTimeout as delay } from "node:timers/promises";
import { ApiError } from "../api/refusal.ts";
import type { Progress } from "../output/progress.ts";

export interface Work<Item> {
  /** Its current state. */
  load(signal: AbortSignal): Promise<Item>;
  isDone(item: Item): boolean;
  /** Shown each time. */
  readonly progress: Progress<Item>;
  /** Stops waiting, not the work. */
  readonly signal: AbortSignal;
}

export interface Followed<Item> {
  /** Its last known state. */
  readonly item: Item;
  readonly done: boolean;
}

/** How often to ask, and for how long the gateway may be away: the work waits in its database. */
export interface Pace {
  readonly pollMs: number;
  readonly patienceMs: number;
}

const PACE: Pace = { pollMs: 1000, patienceMs: 60_000 };

/**
 * Asks until the work is done.
 * @param first its state at the start
 * @throws ApiError if the gateway refuses, or is away for too long
 */
export async function follow<Item>(first: Item, work: Work<Item>, pace = PACE): Promise<Followed<Item>> {
  const { isDone, progress, signal } = work;
  let item = first;
  let heardAt = Date.now();
  progress.start(item);
  try {
    while (!isDone(item) && !signal.aborted) {
      await delay(pace.pollMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      try {
        item = await work.load(signal);
        heardAt = Date.now();
      } catch (thrown) {
        if (signal.aborted) break;
        const transient = thrown instanceof ApiError && thrown.isTransient;
        if (!transient || Date.now() - heardAt > pace.patienceMs) throw thrown;
      }
      progress.update(item);
    }
  } finally {
    progress.stop();
  }
  return { item, done: isDone(item) };
}
