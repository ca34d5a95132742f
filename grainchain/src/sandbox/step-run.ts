import type { ProvidedSandbox, StepEnd } from "../provider/sandbox-provider.ts";
import type { Step } from "../steps/steps-file.ts";
import type { StepResult } from "../validation/results.ts";

/** What all steps of one validation share. */
export type StepContext = {
  sandbox: ProvidedSandbox;
  /** The validation's whole time, in milliseconds. */
  timeoutMs: number;
  /** When that is over, by `performance.now()`. */
  deadline: number;
  signal: AbortSignal;
};

/** Runs one step to its end or to its limits. */
export async function runStep(step: Step, context: StepContext): Promise<StepResult> {
  const remainingMs = Math.max(0, context.deadline - performance.now());
  const timeoutMs = Math.min(step.timeoutMs ?? Number.POSITIVE_INFINITY, remainingMs);
  const { end, output, durationMs } = await context.sandbox.exec(step, timeoutMs, context.signal);
  const explanation = explainEnd(end, step, context, timeoutMs < remainingMs);
  const isSuccess = end.kind === "exited" && end.exitCode === 0;
  return {
    status: end.kind === "timed_out" ? "timed_out" : isSuccess ? "passed" : "failed",
    exit_code: end.kind === "exited" ? end.exitCode : null,
    duration_ms: durationMs,
    output: output.text(explanation && `[grainchain] ${explanation}`),
  };
}

/** What the exit code does not say about an end; undefined if it says enough. */
function explainEnd(
  end: StepEnd,
  step: Step,
  { timeoutMs }: StepContext,
  isOwnLimit: boolean,
): string | undefined {
  switch (end.kind) {
    case "exited":
      return undefined;
    case "signalled":
      return `ended by ${end.signal}`;
    case "timed_out":
      return isOwnLimit
        ? `killed: over the step's time limit of ${(step.timeoutMs ?? 0) / 1000} s`
        : `killed: over the validation's time limit of ${timeoutMs / 1000} s`;
    case "over_limit":
      return `killed: over the ${end.limit}`;
    case "cancelled":
      return "cancelled";
    case "not_started":
      return `could not be started: ${end.reason}`;
  }
}
