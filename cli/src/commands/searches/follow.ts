/** Follows work of the gateway until it is done. */
import { setTimeout as delay } from "node:timers/promises";
import { ApiError } from "../../api/refusal.ts";
import type { Session } from "../../api/session.ts";
import { GatewayError } from "../../exit.ts";
import { catchInterrupts } from "../../input/interrupt.ts";
import { openProgress, type Progress, type ProgressText } from "../../output/progress.ts";
import { printJson, printResult, type Screen } from "../../output/terminal.ts";

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

/** `--detach`: prints the id of work that was started, which is all that a script needs to follow it. */
export function printDetached({ json }: Session, started: { readonly id: string }): void {
  if (json) printJson(started);
  else process.stdout.write(`${started.id}\n`);
}

interface Search {
  readonly id: string;
  readonly status: "waiting" | "running" | "done" | "failed";
  readonly error: string | null;
}

interface SearchView<Item> {
  /** `audit` */
  readonly noun: string;
  load(id: string, signal: AbortSignal): Promise<Item>;
  readonly progress: ProgressText<Item>;
  /** The lines to print at the end. */
  lines(item: Item, screen: Screen): string[];
}

/**
 * Follows a search of the gateway, and prints its result.
 * @throws GatewayError if it failed, or Ctrl-C was pressed
 */
export async function followSearch<Item extends Search>(
  { json }: Session,
  first: Item,
  { noun, load, progress, lines }: SearchView<Item>,
): Promise<void> {
  const interrupts = catchInterrupts();
  const { item, done } = await follow(first, {
    load: (signal) => load(first.id, signal),
    isDone: ({ status }) => status === "done" || status === "failed",
    progress: openProgress(progress),
    signal: interrupts.signal,
  });
  printResult(json, item, lines);
  if (!done) throw new GatewayError(`the ${noun} ${item.id} is still running in the gateway`);
  interrupts.release();
  if (item.status === "failed")
    throw new GatewayError(`the ${noun} failed: ${item.error ?? "unknown reason"}`);
}
