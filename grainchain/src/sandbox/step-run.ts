import { toolEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import type { Step } from "../steps/steps-file.ts";
import { formatBytes } from "../validation/memory-size.ts";
import type { ValidationRequest } from "../validation/request.ts";
import type { StepResult } from "../validation/results.ts";
import type { Isolation } from "./isolation.ts";
import type { Exceeded } from "./limits.ts";
import { type ProcessEnd, runProcess } from "./process.ts";

/** Processes of a step at one time. */
const MAX_PROCESSES = 512;

/** What all steps of one validation share. */
export type RunContext = {
  request: ValidationRequest;
  sandboxId: string;
  /** The sandbox's directory with `checkout`, `home` and `tmp`. */
  root: string;
  isolation: Isolation;
  /** What the run may write to the disk. */
  maxDiskBytes: number;
  /** When the validation's time is over, by `performance.now()`. */
  deadline: number;
  signal: AbortSignal;
};

/** Runs one step to its end or to its limits. */
export async function runStep(step: Step, context: RunContext): Promise<StepResult> {
  const remainingMs = Math.max(0, context.deadline - performance.now());
  const timeoutMs = Math.min(step.timeoutMs ?? Number.POSITIVE_INFINITY, remainingMs);
  const { request, root, isolation, maxDiskBytes } = context;
  const { home, tmp, ...wrapped } = isolation.wrap(step.run, {
    root,
    network: step.network === true && request.trusted,
  });
  const { end, output, durationMs } = await runProcess({
    ...wrapped,
    env: stepEnvironment(request, home, tmp),
    sandboxId: context.sandboxId,
    scratchDirectory: root,
    timeoutMs,
    limits: {
      ...(request.max_memory > 0 && { memoryBytes: request.max_memory }),
      processes: MAX_PROCESSES,
      disk: { directory: root, bytes: maxDiskBytes },
    },
    signal: context.signal,
  });
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
  end: ProcessEnd,
  step: Step,
  context: RunContext,
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
        : `killed: over the validation's time limit of ${context.request.timeout_ms / 1000} s`;
    case "over_limit":
      return `killed: over the ${explainLimit(end.exceeded, context)}`;
    case "cancelled":
      return "cancelled";
    case "not_started":
      return `could not be started: ${end.reason}`;
  }
}

function explainLimit(exceeded: Exceeded, { request, maxDiskBytes }: RunContext): string {
  switch (exceeded) {
    case "memory":
      return `memory limit of ${formatBytes(request.max_memory)}`;
    case "processes":
      return `limit of ${MAX_PROCESSES} processes`;
    case "disk":
      return `disk limit of ${formatBytes(maxDiskBytes)}`;
  }
}

/** The whole environment of a step: of the server's own, only the PATH. */
function stepEnvironment(request: ValidationRequest, home: string, tmp: string): Record<string, string> {
  return {
    PATH: toolEnvironment(process.env).PATH,
    HOME: home,
    TMPDIR: tmp,
    LANG: "C.UTF-8",
    CI: "true",
    PROJECT_ID: request.project_id,
    PR_NUMBER: String(request.pr_number),
    HEAD_SHA: request.head_sha,
    BASE_SHA: request.base_sha,
  };
}
