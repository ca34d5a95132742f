/** When a run started and ended, as Grainchain says in a callback or an answer. */

import type { ResultsObject } from "../domain/results/summary.ts";
import { parseTime } from "../text/utc-time.ts";

export interface RunTimes {
  readonly started_at: string | null;
  readonly completed_at: string | null;
}

/** Reads them beside the status, or else in the results. */
export const readRunTimes = (
  { started_at, completed_at }: { readonly started_at?: unknown; readonly completed_at?: unknown },
  results: ResultsObject | null | undefined,
): RunTimes => ({
  started_at: parseTime(started_at) ?? parseTime(results?.started_at),
  completed_at: parseTime(completed_at) ?? parseTime(results?.completed_at) ?? parseTime(results?.failed_at),
});

/** Grainchain's clock may be behind the gateway's by this much. */
const MAX_SKEW_MS = 5 * 60_000;

/**
 * A time of Grainchain's that can be true, and is never in the future.
 * @param created when the validation was
 */
export function plausible(time: string | null | undefined, created: string, now: string): string | null {
  if (time === null || time === undefined) return null;
  if (Date.parse(time) < Date.parse(created) - MAX_SKEW_MS) return null;
  return time < now ? time : now;
}
