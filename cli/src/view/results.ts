/** The steps in a validation's results. Grainchains differ in what they send: what is not understood is left out. */
import * as v from "valibot";

export interface StepResult {
  readonly name: string;
  readonly status: string;
  readonly exitCode: number | null;
  readonly durationMs: number | null;
  readonly output: string;
}

const step = v.object({
  status: v.string(),
  exit_code: v.nullish(v.number(), null),
  duration_ms: v.nullish(v.number(), null),
  output: v.nullish(v.string(), ""),
});

const results = v.object({ test_results: v.record(v.string(), v.unknown()) });

/** @returns the steps in the order in which they were sent */
export function readSteps(sent: unknown): StepResult[] {
  const parsed = v.safeParse(results, sent);
  if (!parsed.success) return [];
  return Object.entries(parsed.output.test_results).flatMap(([name, value]) => {
    const read = v.safeParse(step, value);
    if (!read.success) return [];
    const { status, exit_code, duration_ms, output } = read.output;
    return [{ name, status, exitCode: exit_code, durationMs: duration_ms, output }];
  });
}
