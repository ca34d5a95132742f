/** How fast a replay may go: its rate, as the time that each letter takes up. Pure. */
import type { ClaimedReplay } from "@webhook-gateway/shared/store/claim/replay-work.ts";

type Paced = Pick<ClaimedReplay, "requested_at" | "rate" | "paced_at">;

/** Letters of one step: one transaction decides them. */
const MAX_LETTERS = 100;
/** The first step takes what falls into this much time, so that a person sees that it has begun. */
const HEAD_START_MS = 5_000;
/** What was not used is not made up for beyond this. */
const WINDOW_MS = 60_000;

/** Letters that may be replayed now. */
export function quotaOf(replay: Paced, nowMs: number): number {
  const { requested_at, rate, paced_at } = replay;
  const letters =
    paced_at === null
      ? Math.ceil((nowMs - Date.parse(requested_at) + HEAD_START_MS) / costMs(replay))
      : Math.floor((nowMs - Date.parse(paced_at)) / costMs(replay));
  return Math.min(Math.max(letters, 0), rate, MAX_LETTERS);
}

/**
 * Where the rate stands after a step, in milliseconds since the epoch.
 * @returns `until` when it is used up, `next` when another letter may follow
 */
export function pacedAfter(
  replay: Paced,
  letters: number,
  nowMs: number,
): { readonly until: number; readonly next: number } {
  const { paced_at } = replay;
  // The head start is given once, and costs nothing.
  const begunMs = paced_at === null ? nowMs : Math.max(Date.parse(paced_at), nowMs - WINDOW_MS);
  // Rounded down, so that what is not whole milliseconds does not add up to a letter less.
  const until = paced_at === null ? begunMs : Math.floor(begunMs + letters * costMs(replay));
  return { until, next: Math.ceil(until + costMs(replay)) };
}

const costMs = ({ rate }: Paced): number => WINDOW_MS / Math.max(rate, 1);
