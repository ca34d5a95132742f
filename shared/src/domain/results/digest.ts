/** The digest of results that are in the archive: what D1 keeps of them, and GitHub is shown. */
import { endOfText } from "../../text/plain.ts";
import { byteLength } from "../../text/text.ts";
import { stepOutcome } from "./step-outcome.ts";
import { isObject, type ResultsObject, summarizeResults } from "./summary.ts";

/** A digest as JSON is never longer. */
export const MAX_DIGEST_BYTES = 8 * 1024;
/** Of these, for everything but the places and the output of steps that failed. */
const SUMMARY_BYTES = 4 * 1024;
const TEXT_CHARS = 200;
/** For the mark of a digest that is all that was kept. */
const TRUNCATED_BYTES = 20;
const MAX_STEPS = 40;
/** The places of one step may take this much. */
const PLACES_BYTES = 1024;
/** Of so many steps that failed. More output is for the run's page. */
const SHOWN_STEPS = 5;
/** Less is not worth showing. */
const MIN_OUTPUT_BYTES = 100;

/**
 * Statuses, exit codes, durations and what is said of the whole; of what failed, the places and the end of the output.
 * @param archived where the whole results are; undefined if nowhere
 * @param maxBytes up to which the output of what failed is added
 */
export function digestResults(
  results: ResultsObject,
  archived?: string,
  maxBytes: number = MAX_DIGEST_BYTES,
): ResultsObject {
  const sent = isObject(results.test_results) ? results.test_results : {};
  const given = isObject(results.test_results) ? { ...results, test_results: fewerSteps(sent) } : results;
  const limits = { bytes: SUMMARY_BYTES, textChars: TEXT_CHARS, without: ["output", "archived"] };
  const digest: ResultsObject = {
    ...summarizeResults(given, limits),
    ...(archived === undefined ? {} : { archived }),
  };
  const steps = isObject(digest.test_results) ? digest.test_results : {};
  const shown = Object.keys(steps)
    .filter((name) => isUnclear(steps[name]))
    .slice(0, SHOWN_STEPS);
  let room = maxBytes - TRUNCATED_BYTES - byteLength(JSON.stringify(digest));
  const more = shown.map((name, index): [string, ResultsObject] => {
    const added = detailsOf(sent[name], Math.floor(room / (shown.length - index)));
    room -= byteLength(JSON.stringify(added));
    return [name, { ...Object(steps[name]), ...added }];
  });
  return shown.length === 0 ? digest : { ...digest, test_results: { ...steps, ...Object.fromEntries(more) } };
}

/** What is said of all steps, then as many of them as there is room for: those that failed are left out last. */
function fewerSteps(sent: ResultsObject): ResultsObject {
  const [steps, others] = [Object.keys(sent).filter((name) => isObject(sent[name])), { ...sent }];
  const kept = new Set(
    steps.toSorted((a, b) => Number(isUnclear(sent[b])) - Number(isUnclear(sent[a]))).slice(0, MAX_STEPS),
  );
  for (const name of steps) delete others[name];
  return {
    ...others,
    ...Object.fromEntries(steps.filter((name) => kept.has(name)).map((name) => [name, sent[name]])),
  };
}

/** A step that did not pass. */
function isUnclear(step: unknown): boolean {
  if (!isObject(step)) return false;
  const outcome = stepOutcome(step);
  return outcome !== "passed" && outcome !== "skipped";
}

/** The annotations and the end of the output of a step, as far as there is room. */
function detailsOf(step: unknown, room: number): ResultsObject {
  if (!isObject(step)) return {};
  const { annotations, output } = step;
  const places = Array.isArray(annotations) ? firstOf(annotations, Math.min(PLACES_BYTES, room / 2)) : [];
  const details = places.length === 0 ? {} : { annotations: places };
  if (typeof output !== "string") return details;
  const left = room - byteLength(JSON.stringify({ ...details, output: "", output_cut: true })) - 1;
  const end = endOfJsonText(output, left);
  if (end === output) return { ...details, output };
  return left < MIN_OUTPUT_BYTES
    ? { ...details, output_cut: true }
    : { ...details, output: end, output_cut: true };
}

/** The first entries that take so many bytes of JSON together. */
function firstOf(entries: readonly unknown[], bytes: number): unknown[] {
  let left = bytes;
  const end = entries.findIndex((entry) => {
    left -= byteLength(JSON.stringify(entry)) + 1;
    return left < 0;
  });
  return end < 0 ? [...entries] : entries.slice(0, end);
}

/** The end of a text that takes at most so many bytes of JSON: characters that JSON escapes take up to six. */
function endOfJsonText(text: string, bytes: number): string {
  let end = endOfText(text, Math.max(0, bytes));
  for (;;) {
    const excess = byteLength(JSON.stringify(end)) - 2 - Math.max(0, bytes);
    if (excess <= 0) return end;
    end = endOfText(end, Math.max(0, byteLength(end) - Math.ceil(excess / 6)));
  }
}
