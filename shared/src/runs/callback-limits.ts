/**
 * Limits of what is kept of a validation's callbacks, before its end and after it. They are authentic, so nothing else
 * limits them: without a limit one leaked URL could fill D1.
 */
import type { GrainchainStatus } from "../domain/validation.ts";

/**
 * The most callbacks before the end that are in the timeline for their own sake. With those that move the validation and
 * those that have results to keep, its timeline has about 200 rows.
 */
export const MAX_LIVE_CALLBACKS = 190;

/** The most after the end. A server that tries again for a day sends some dozens. */
export const MAX_LATE_CALLBACKS = 100;

/**
 * How a callback before the end is kept that moves nothing: beyond the limit only for its results, until newer results
 * of its status arrive.
 */
export function keepLive(before: Live, hasResults: boolean): "row" | "results" | "nothing" {
  if (before.live_callbacks < MAX_LIVE_CALLBACKS) return "row";
  return hasResults ? "results" : "nothing";
}

/** The callbacks before the end. */
export interface Live {
  /** How many are in the timeline, without those beyond the limit that are kept for their results. */
  readonly live_callbacks: number;
}

/** The callbacks since the end. */
export interface Late {
  /** How many are in the timeline. */
  readonly late_callbacks: number;
  /** The statuses whose results are kept, separated by spaces. */
  readonly late_results: string;
}

/** Whether one more is kept, and its results: the first ones of each status, whole. */
export function keepsLate(before: Late, status: GrainchainStatus): { callback: boolean; results: boolean } {
  const callback = before.late_callbacks < MAX_LATE_CALLBACKS;
  return { callback, results: callback && !before.late_results.split(" ").includes(status) };
}

/** With one more callback that is kept. */
export const withLate = (before: Late, status: GrainchainStatus, results: boolean): Late => ({
  late_callbacks: before.late_callbacks + 1,
  late_results: results ? `${before.late_results} ${status}`.trim() : before.late_results,
});

/** `keepsLate` for results, in SQL over the row of a validation that has ended. */
export const keepsLateResultsSql = (status: string): string =>
  `late_callbacks < ${MAX_LATE_CALLBACKS} AND instr(late_results, ${status}) = 0`;

/** None yet. */
export const NO_CALLBACKS: Live & Late = { live_callbacks: 0, late_callbacks: 0, late_results: "" };
