/**
 * Whether a run that Grainchain calls completed was a success. Its results have to say so: what says nothing of the
 * change must not let it through.
 */

import type { GrainchainStatus } from "../validation.ts";
import { stepOutcome } from "./step-outcome.ts";
import { isObject, type ResultsObject } from "./summary.ts";

export type Verdict = "success" | "failure" | "none";

export const NO_RESULTS = "no results: Grainchain said completed without any";
export const NO_VERDICT = "Grainchain said completed, but its results do not say whether it was a success";

/** What results say of the change as a whole. Where they contradict themselves, failure wins. */
export function verdictOf(results: ResultsObject | null | undefined): Verdict {
  const tests = isObject(results?.test_results) ? results.test_results : {};
  const overall = [results?.success, results?.overall_success, tests.overall_success];
  if (overall.includes(false)) return "failure";
  if (overall.includes(true)) return "success";
  return verdictOfSteps(Object.values(tests).filter(isObject));
}

/** A step that cannot be read may have failed, so it leaves no verdict. */
function verdictOfSteps(steps: readonly ResultsObject[]): Verdict {
  const outcomes = steps.map(stepOutcome);
  if (outcomes.includes("failed") || outcomes.includes("timed_out")) return "failure";
  return outcomes.includes("passed") && !outcomes.includes("unknown") ? "success" : "none";
}

export interface Judgement {
  /** Of a completed run. */
  readonly success: boolean;
  /** Why nothing is known of the change: the sandbox broke, or it completed without a verdict. */
  readonly error: string | null;
}

/** What a status and its results mean for the change. */
export function judge(status: GrainchainStatus, results: ResultsObject | null | undefined): Judgement {
  if (status === "failed") return { success: false, error: errorOf(results) };
  if (status !== "completed") return { success: false, error: null };
  const verdict = verdictOf(results);
  if (verdict !== "none") return { success: verdict === "success", error: null };
  const empty = Object.keys(results ?? {}).length === 0;
  return { success: false, error: empty ? NO_RESULTS : NO_VERDICT };
}

/** Why the sandbox broke, where the results say so; cut to 1 KiB. */
function errorOf(results: ResultsObject | null | undefined): string | null {
  const error = results?.error;
  return typeof error === "string" ? error.slice(0, 1024) : null;
}
