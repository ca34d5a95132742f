/** What a run's results say, as far as it can be understood; they are whatever a Grainchain server sends. */
import * as v from "valibot";

export interface StepResult {
  readonly name: string;
  readonly status: string;
  readonly exitCode: number | undefined;
  readonly durationMs: number | undefined;
  readonly output: string | undefined;
}

export type Results = Readonly<Record<string, unknown>>;

const record = v.record(v.string(), v.unknown());
const step = v.object({
  status: v.fallback(v.string(), "unknown"),
  exit_code: v.fallback(v.optional(v.number()), undefined),
  duration_ms: v.fallback(v.optional(v.number()), undefined),
  output: v.fallback(v.optional(v.string()), undefined),
});

/** The steps in `test_results`: its entries that are objects. */
export function stepsOf(results: Results): StepResult[] {
  const tests = v.safeParse(record, results.test_results);
  if (!tests.success) return [];
  return Object.entries(tests.output).flatMap(([name, entry]) => {
    const parsed = v.safeParse(step, entry);
    if (!parsed.success) return [];
    const { status, exit_code: exitCode, duration_ms: durationMs, output } = parsed.output;
    return [{ name, status, exitCode, durationMs, output }];
  });
}

/** Whether they were cut before they were kept. */
export const isTruncated = (results: Results): boolean => results.truncated === true;
