/** The summary of results that are too large, or nested too deep, to be kept whole. */
import { byteLength } from "../../text/text.ts";

export type ResultsObject = Readonly<Record<string, unknown>>;

/** Of one summary: how large it may be, and what it leaves out. */
export interface SummaryLimits {
  readonly bytes: number;
  /** A text is cut to this length. */
  readonly textChars: number;
  /** Fields that it does not have. */
  readonly without: readonly string[];
}

const KEY_CHARS = 100;
/** Entries kept of one object. */
const ENTRIES = 60;
/** `results.test_results.<step>.<field>` is the deepest that is kept. */
const DEPTH = 3;
/** Well below 2 MB, D1's limit for a row (https://developers.cloudflare.com/d1/platform/limits/). */
const LIMITS: SummaryLimits = { bytes: 512 * 1024, textChars: 500, without: [] };
/** Kept before all else, in whatever order they are. */
const LEADING = ["success", "overall_success", "error", "tree_sha", "skipped", "test_results"];

/** The verdict, then as much of the rest as there is room for. */
export const summarizeResults = (results: ResultsObject, limits = LIMITS): ResultsObject =>
  summarize(results, DEPTH, { ...limits });

interface Left extends SummaryLimits {
  bytes: number;
}

function summarize(value: ResultsObject, depth: number, left: Left): ResultsObject {
  const kept: [string, unknown][] = [];
  for (const [key, entry] of leadingFirst(value).slice(0, ENTRIES)) {
    if (left.without.includes(key) || (isObject(entry) ? depth === 1 : Array.isArray(entry))) continue;
    const name = key.slice(0, KEY_CHARS);
    const short = typeof entry === "string" ? entry.slice(0, left.textChars) : entry;
    left.bytes -= byteLength(JSON.stringify([name, isObject(short) ? {} : short]));
    if (left.bytes < 0) break;
    kept.push([name, isObject(short) ? summarize(short, depth - 1, left) : short]);
  }
  return Object.fromEntries(kept);
}

function leadingFirst(value: ResultsObject): [string, unknown][] {
  const leading = LEADING.filter((key) => Object.hasOwn(value, key));
  const others = Object.keys(value).filter((key) => !LEADING.includes(key));
  return [...leading, ...others].map((key) => [key, value[key]]);
}

/** Whether a value is a JSON object. */
export const isObject = (value: unknown): value is ResultsObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
