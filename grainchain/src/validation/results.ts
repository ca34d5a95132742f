import type { ProviderName } from "../provider/provider-name.ts";

/** The outcome of one step. */
export type StepResult = {
  status: "passed" | "failed" | "timed_out";
  /** null if the step was killed or never ran. */
  exit_code: number | null;
  duration_ms: number;
  /** The end of stdout and stderr together. */
  output: string;
};

export type NamedResult = { name: string; result: StepResult };

/** The results of a run's steps by name, beside three fields of the run itself. */
export type TestResults = {
  overall_success: boolean;
  /** Seconds. */
  execution_time: number;
  timestamp: string;
  [step: string]: StepResult | boolean | number | string;
};

/** Results by the status that they come with; `pending` and `running` have none. */
export type ValidationResults =
  | {
      success: boolean;
      sandbox_id: string;
      completed_at: string;
      provider: ProviderName;
      tree_sha: string;
      skipped?: string;
      test_results: TestResults;
    }
  | { error: string; failed_at: string }
  | { cancelled_at: string };

/** Names that a step cannot have: its result is stored beside these fields, or would reach an object's prototype. */
export const RESERVED_STEP_NAMES: ReadonlySet<string> = new Set([
  ...["overall_success", "execution_time", "timestamp"],
  ...["__proto__", "constructor", "prototype"],
]);

/** Combines the results of the steps; the run succeeded if every step passed. */
export function buildTestResults(results: readonly NamedResult[], durationMs: number): TestResults {
  return {
    overall_success: results.every(({ result }) => result.status === "passed"),
    execution_time: Math.round(durationMs) / 1000,
    timestamp: new Date().toISOString(),
    ...Object.fromEntries(results.map(({ name, result }) => [name, result])),
  };
}
