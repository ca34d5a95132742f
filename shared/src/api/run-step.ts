/**
 * The steps in a validation's results. The results are whatever a Grainchain server sends: a field of a wrong type counts as
 * absent.
 */
import * as v from "valibot";

export interface RunStep {
  readonly name: string;
  readonly status: string;
  readonly exitCode: number | null;
  readonly durationMs: number | null;
  readonly output: string;
}

const results = v.object({ test_results: v.record(v.string(), v.unknown()) });

const absent = <const Schema extends v.GenericSchema>(schema: Schema) =>
  v.fallback(v.nullish(schema, null), null);
const step = v.object({
  status: v.fallback(v.string(), "unknown"),
  exit_code: absent(v.number()),
  duration_ms: absent(v.number()),
  output: v.fallback(v.string(), ""),
});

/** @returns the entries of `test_results` that are objects, in the order in which they were sent */
export function readSteps(sent: unknown): RunStep[] {
  const parsed = v.safeParse(results, sent);
  if (!parsed.success) return [];
  return Object.entries(parsed.output.test_results).flatMap(([name, value]) => {
    const read = v.safeParse(step, value);
    if (!read.success) return [];
    const { status, exit_code, duration_ms, output } = read.output;
    return [{ name, status, exitCode: exit_code, durationMs: duration_ms, output }];
  });
}
