/** How fast a replay may go: its rate, as the time that each dead letter takes. Pure. */
import type { ClaimedReplay } from "@webhook-gateway/shared/store/claim/replay-work.ts";

/** A replay, or another command about many rows. */
type Paced = Pick<ClaimedReplay, "requested_at" | "rate" | "paced_at">;

/** Rows of one step: one transaction decides them. */
const MAX_DEAD_LETTERS = 100;
/** The first step takes what falls into this much time, so that a person sees it begin. */
const HEAD_START_MS = 5_000;
/** Unused rate older than this is lost. */
const WINDOW_MS = 60_000;

/** How many dead letters may be replayed now. */
export function quotaOf(replay: Paced, nowMs: number): number {
  const { requested_at, rate, paced_at } = replay;
  const deadLetters =
    paced_at === null
      ? Math.ceil((nowMs - Date.parse(requested_at) + HEAD_START_MS) / costMs(replay))
      : Math.floor((nowMs - Date.parse(paced_at)) / costMs(replay));
  return Math.min(Math.max(deadLetters, 0), rate, MAX_DEAD_LETTERS);
}

/**
 * The state of the rate after a step, in milliseconds since the epoch.
 * @returns `until` when it is used up, `next` when another dead letter may follow
 */
export function pacedAfter(
  replay: Paced,
  deadLetters: number,
  nowMs: number,
): { readonly until: number; readonly next: number } {
  const { paced_at } = replay;
  // The head start is given once, and costs nothing.
  const begunMs = paced_at === null ? nowMs : Math.max(Date.parse(paced_at), nowMs - WINDOW_MS);
  // Rounded down, so that fractions of a millisecond do not add up to a dead letter less.
  const until = paced_at === null ? begunMs : Math.floor(begunMs + deadLetters * costMs(replay));
  return { until, next: Math.ceil(until + costMs(replay)) };
}

const costMs = ({ rate }: Paced): number => WINDOW_MS / Math.max(rate, 1);
