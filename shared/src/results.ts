/** Results of a run, as Grainchain sends them. */
import { MAX_INLINE_RESULTS_BYTES } from "./fact.ts";

export type ResultsObject = Readonly<Record<string, unknown>>;

/** Larger results are cut to a summary. */
export const MAX_RESULTS_BYTES = 1024 * 1024;

/** A text in a summary is cut to this length. */
const SUMMARY_TEXT_CHARS = 500;
/** Entries kept of an object in a summary. */
const SUMMARY_ENTRIES = 60;
/** `results.test_results.<step>.<field>` is the deepest that a summary keeps. */
const SUMMARY_DEPTH = 3;

/** Where results are kept: in the fact, or (as JSON text) in D1 until the fact is recorded. */
export type KeptResults =
  | { readonly kind: "inline"; readonly results: ResultsObject }
  | { readonly kind: "stored"; readonly json: string };

/** Decides where results go, by their size. */
export function keepResults(results: ResultsObject): KeptResults {
  const json = JSON.stringify(results);
  const bytes = byteLength(json);
  if (bytes <= MAX_INLINE_RESULTS_BYTES) return { kind: "inline", results };
  if (bytes <= MAX_RESULTS_BYTES) return { kind: "stored", json };
  const summary = { ...summarize(results), truncated: true, original_bytes: bytes };
  return { kind: "stored", json: JSON.stringify(summary) };
}

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

function summarize(value: ResultsObject, depth = 0): Record<string, unknown> {
  const entries = Object.entries(value).slice(0, SUMMARY_ENTRIES);
  return Object.fromEntries(
    entries.flatMap(([key, entry]): [string, unknown][] => {
      if (typeof entry === "string") return [[key.slice(0, 100), entry.slice(0, SUMMARY_TEXT_CHARS)]];
      if (isObject(entry))
        return depth < SUMMARY_DEPTH - 1 ? [[key.slice(0, 100), summarize(entry, depth + 1)]] : [];
      return Array.isArray(entry) ? [] : [[key.slice(0, 100), entry]];
    }),
  );
}

const isObject = (value: unknown): value is ResultsObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const byteLength = (text: string): number => new TextEncoder().encode(text).byteLength;
