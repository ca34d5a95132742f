/** Results of a run, as Grainchain sends them. */
import { MAX_INLINE_RESULTS_BYTES } from "../../messages/fact.ts";
import { byteLength } from "../../text/text.ts";
import { type ResultsObject, summarizeResults } from "./summary.ts";
import { verdictOf } from "./verdict.ts";

/** Larger results are cut to a summary. */
export const MAX_RESULTS_BYTES = 1024 * 1024;

/**
 * Results nested deeper are cut too: D1 rejects JSON of more than 1,000 levels as malformed, and with it the transaction of
 * a whole batch. The queue fails at some thousands.
 */
const MAX_RESULTS_DEPTH = 100;

/** Where results are kept: in the fact; or, as JSON text, in the archive, or else in D1 until the fact is recorded. */
export type KeptResults =
  | { readonly kind: "inline"; readonly results: ResultsObject }
  | { readonly kind: "stored"; readonly json: string; readonly results: ResultsObject };

/** Decides where results go, by their size. */
export function keepResults(results: ResultsObject): KeptResults {
  // First of all: writing deeply nested JSON can exhaust the stack.
  if (isDeeperThan(results, MAX_RESULTS_DEPTH)) return placeSummary(results, {});
  const json = JSON.stringify(results);
  const bytes = byteLength(json);
  return bytes <= MAX_RESULTS_BYTES ? place(results, json) : placeSummary(results, { original_bytes: bytes });
}

/** A summary may leave out what the verdict was read from, such as steps. */
function placeSummary(results: ResultsObject, more: ResultsObject): KeptResults {
  const verdict = verdictOf(results);
  const overall = verdict === "none" ? {} : { overall_success: verdict === "success" };
  const summary = { ...summarizeResults(results), ...overall, truncated: true, ...more };
  return place(summary, JSON.stringify(summary));
}

/** A field `archived` says where the whole of a digest is, so what brings one of its own is stored too. */
const place = (results: ResultsObject, json: string): KeptResults =>
  byteLength(json) <= MAX_INLINE_RESULTS_BYTES && !Object.hasOwn(results, "archived")
    ? { kind: "inline", results }
    : { kind: "stored", json, results };

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((entry) => isDeeperThan(entry, levels - 1));
}
