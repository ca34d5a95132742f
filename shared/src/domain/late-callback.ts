/**
 * Limits of what is kept of callbacks that arrive after their validation's end. They are authentic, so nothing else limits
 * them: without a limit one leaked URL could fill D1.
 */
import type { GrainchainStatus } from "./validation.ts";

/** The most that are in the timeline. A server that tries again for a day sends some dozens. */
export const MAX_LATE_CALLBACKS = 100;

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
export const NONE_LATE: Late = { late_callbacks: 0, late_results: "" };
