/** Reads the digest of a run's results. Lenient: a field of a wrong type counts as missing, and nothing throws. */

import * as v from "valibot";
import { type StepOutcome, stepOutcome } from "../domain/results/step-outcome.ts";
import { isObject, type ResultsObject } from "../domain/results/summary.ts";
import { plainLine, plainText } from "../text/plain.ts";

/** One step of a run; its texts are plain. */
export interface Step {
  /** One line, never empty. */
  readonly name: string;
  readonly outcome: StepOutcome;
  readonly exitCode: number | null;
  readonly durationMs: number | null;
  /** Without trailing newlines; empty if it printed nothing. */
  readonly output: string;
  /** Whether there was more output before. */
  readonly outputCut: boolean;
  readonly remarks: readonly Remark[];
}

/** An annotation as the server sent it: not cleaned, any field may be missing. */
export type Remark = v.InferOutput<typeof remark>;

export interface Digest {
  /** Whether the results were too large to be kept whole. */
  readonly truncated: boolean;
  readonly error: string | null;
  /** Why nothing had to run, as its source gave it. */
  readonly skipped: string | null;
  readonly durationMs: number | null;
  readonly steps: readonly Step[];
}

/** What the digest for a report holds of a step's output, in characters. */
export const MAX_DIGEST_OUTPUT = 4000;
const NAME_BYTES = 100;
/** Nothing runs longer: a longer time is a mistake. */
const MAX_DURATION_MS = 30 * 86_400_000;

const lenient = <const S extends v.GenericSchema>(schema: S) => v.fallback(v.nullish(schema, null), null);
const items = v.fallback(v.array(v.unknown()), []);
const text = lenient(v.string());
const lineNumber = lenient(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 31 - 1)));
const duration = (unitMs: number) =>
  lenient(v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_DURATION_MS / unitMs)));

const remark = v.object({
  path: text,
  file: text,
  line: lineNumber,
  start_line: lineNumber,
  end_line: lineNumber,
  level: text,
  title: text,
  message: text,
});

const step = v.object({
  ...remark.entries,
  name: text,
  status: text,
  success: lenient(v.boolean()),
  exit_code: lenient(v.pipe(v.number(), v.safeInteger())),
  duration_ms: duration(1),
  output: text,
  output_cut: lenient(v.boolean()),
  annotations: items,
});

const digest = v.object({
  error: text,
  skipped: text,
  truncated: lenient(v.boolean()),
  execution_time: duration(1000),
  steps: items,
});

/**
 * Reads a digest, whatever it is.
 * @param maxOutput the characters that it holds of the output of each step
 */
export function readDigest(given: unknown, maxOutput = MAX_DIGEST_OUTPUT): Digest {
  const parsed = v.safeParse(digest, given);
  if (!parsed.success) return NO_DIGEST;
  const { error, skipped, truncated, execution_time, steps } = parsed.output;
  return {
    truncated: truncated === true,
    error,
    skipped,
    durationMs: execution_time === null ? null : execution_time * 1000,
    steps: readAll(step, steps).map((one) => toStep(one, maxOutput)),
  };
}

/** The same of the whole results. */
export function digestOfResults(results: ResultsObject, maxOutput: number): Digest {
  const tests = isObject(results.test_results) ? results.test_results : {};
  const steps = Object.entries(tests).flatMap(([name, given]) =>
    isObject(given) ? [{ ...given, name, output: endOf(given.output, maxOutput) }] : [],
  );
  return readDigest({ ...results, execution_time: tests.execution_time, steps }, maxOutput);
}

const endOf = (output: unknown, maxOutput: number): unknown =>
  typeof output === "string" ? output.slice(-maxOutput) : output;

/** The digest of a run of which nothing is known. */
export const NO_DIGEST: Digest = {
  truncated: false,
  error: null,
  skipped: null,
  durationMs: null,
  steps: [],
};

/** Whether a step failed, and so the change. */
export const isFailing = ({ outcome }: Step): boolean => outcome === "failed" || outcome === "timed_out";

function toStep(given: v.InferOutput<typeof step>, maxOutput: number): Step {
  const output = given.output ?? "";
  return {
    name: plainLine(given.name ?? "", NAME_BYTES) || "unnamed",
    outcome: stepOutcome(given),
    exitCode: given.exit_code,
    durationMs: given.duration_ms,
    output: plainText(output).trimEnd(),
    // SQL counts code points.
    outputCut: given.output_cut === true || (output.length >= maxOutput && [...output].length >= maxOutput),
    // The step's own fields may name the place that made it fail.
    remarks: [...readAll(remark, given.annotations), { ...given, title: null }],
  };
}

/** Those entries that can be read. */
function readAll<T>(schema: v.GenericSchema<unknown, T>, given: readonly unknown[]): T[] {
  return given.flatMap((entry) => {
    const parsed = v.safeParse(schema, entry);
    return parsed.success ? [parsed.output] : [];
  });
}
