/** What became of one step. */
export type StepResult = {
  status: "passed" | "failed" | "timed_out";
  /** null when the step was killed or never ran. */
  exit_code: number | null;
  duration_ms: number;
  /** The end of stdout and stderr together. */
  output: string;
};

/** The steps of a run by name, beside three fields of the run itself. */
export type TestResults = {
  overall_success: boolean;
  /** Seconds. */
  execution_time: number;
  timestamp: string;
  [step: string]: StepResult | boolean | number | string;
};

/** Results by the status they come with; `pending` and `running` have none. */
export type CompletedResults = {
  success: boolean;
  sandbox_id: string;
  completed_at: string;
  test_results: TestResults;
};
export type FailedResults = { error: string; failed_at: string };
export type CancelledResults = { cancelled_at: string };
export type ValidationResults = CompletedResults | FailedResults | CancelledResults;

/** Names a step cannot have, since its result stands beside these or would reach an object's prototype. */
export const RESERVED_STEP_NAMES: ReadonlySet<string> = new Set([
  "overall_success",
  "execution_time",
  "timestamp",
  "__proto__",
  "constructor",
  "prototype",
]);

/** Puts the steps' results together; the run succeeded when every step passed. */
export function buildTestResults(
  steps: ReadonlyArray<{ name: string; result: StepResult }>,
  durationMs: number,
  finishedAt: Date,
): TestResults {
  return {
    overall_success: steps.every((step) => step.result.status === "passed"),
    execution_time: Math.round(durationMs) / 1000,
    timestamp: finishedAt.toISOString(),
    ...Object.fromEntries(steps.map((step) => [step.name, step.result])),
  };
}
