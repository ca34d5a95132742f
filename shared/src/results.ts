/** Results of a run, as Grainchain sends them. */
import { MAX_INLINE_RESULTS_BYTES } from "./fact.ts";
import { isObject, type ResultsObject, summarizeResults } from "./results-summary.ts";
import { byteLength } from "./text.ts";

/** Larger results are cut to a summary. */
export const MAX_RESULTS_BYTES = 1024 * 1024;

/**
 * Results nested deeper are cut too: D1 takes JSON of more than 1,000 levels for malformed, and the transaction
 * that records a whole batch with it; the queue fails on some thousands.
 */
const MAX_RESULTS_DEPTH = 100;

/** Where results are kept: in the fact, or (as JSON text) in D1 until the fact is recorded. */
export type KeptResults =
  | { readonly kind: "inline"; readonly results: ResultsObject }
  | { readonly kind: "stored"; readonly json: string };

/** Decides where results go, by their size. */
export function keepResults(results: ResultsObject): KeptResults {
  // Before all else: writing what is nested deep can exhaust the stack.
  if (isDeeperThan(results, MAX_RESULTS_DEPTH)) return placeSummary(results, {});
  const json = JSON.stringify(results);
  const bytes = byteLength(json);
  return bytes <= MAX_RESULTS_BYTES ? place(results, json) : placeSummary(results, { original_bytes: bytes });
}

function placeSummary(results: ResultsObject, more: ResultsObject): KeptResults {
  const summary = { ...summarizeResults(results), truncated: true, ...more };
  return place(summary, JSON.stringify(summary));
}

const place = (results: ResultsObject, json: string): KeptResults =>
  byteLength(json) <= MAX_INLINE_RESULTS_BYTES ? { kind: "inline", results } : { kind: "stored", json };

/** Whether a completed run was a success: nothing in its results says otherwise. */
export function saysSuccess(results: ResultsObject | null | undefined): boolean {
  const tests = results?.test_results;
  const overall = isObject(tests) ? tests.overall_success : undefined;
  return ![results?.success, results?.overall_success, overall].includes(false);
}

/** Why the sandbox broke, where the results say so; cut to 1 KiB. */
export function errorOf(results: ResultsObject | null | undefined): string | null {
  const error = results?.error;
  return typeof error === "string" ? error.slice(0, 1024) : null;
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((entry) => isDeeperThan(entry, levels - 1));
}
