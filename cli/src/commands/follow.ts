/** Following something that the gateway works on until it is done. */
import { setTimeout as delay } from "node:timers/promises";
import { ApiError } from "../api/refusal.ts";
import type { Progress } from "../output/progress.ts";

export interface Work<Item> {
  /** How it stands now. */
  load(signal: AbortSignal): Promise<Item>;
  isDone(item: Item): boolean;
  /** Shown each time. */
  readonly progress: Progress<Item>;
  /** Ends the following, not the work. */
  readonly signal: AbortSignal;
}

export interface Followed<Item> {
  /** As it stood last. */
  readonly item: Item;
  readonly done: boolean;
}

/** How often it is asked for, and for how long the gateway may be away meanwhile: the work waits in its database. */
export interface Pace {
  readonly pollMs: number;
  readonly patienceMs: number;
}

const PACE: Pace = { pollMs: 1000, patienceMs: 60_000 };

/**
 * Asks again and again until the work is done.
 * @param first how it stood when it began
 * @throws ApiError where the gateway refuses, or is away for too long
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
        const passing = thrown instanceof ApiError && thrown.isPassing;
        if (!passing || Date.now() - heardAt > pace.patienceMs) throw thrown;
      }
      progress.update(item);
    }
  } finally {
    progress.stop();
  }
  return { item, done: isDone(item) };
}
