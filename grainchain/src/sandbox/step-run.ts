import { join } from "node:path";
import { toolEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import type { Step } from "../steps/steps-file.ts";
import { formatBytes } from "../validation/memory-size.ts";
import type { ValidationRequest } from "../validation/request.ts";
import type { StepResult } from "../validation/results.ts";
import { type ProcessEnd, runProcess } from "./process.ts";

/** What all steps of one validation share. */
export type RunContext = {
  request: ValidationRequest;
  sandboxId: string;
  /** The sandbox's directory with `checkout`, `home` and `tmp`. */
  root: string;
  /** When the validation's time is over, by `performance.now()`. */
  deadline: number;
  signal: AbortSignal;
};

/** Runs one step to its end or to its limits. */
export async function runStep(step: Step, context: RunContext): Promise<StepResult> {
  const remainingMs = Math.max(0, context.deadline - performance.now());
  const timeoutMs = Math.min(step.timeoutMs ?? Number.POSITIVE_INFINITY, remainingMs);
  const { end, output, durationMs } = await runProcess({
    command: "sh",
    args: ["-c", step.run],
    cwd: join(context.root, "checkout"),
    env: stepEnvironment(context),
    sandboxId: context.sandboxId,
    scratchDirectory: context.root,
    timeoutMs,
    maxMemoryBytes: context.request.max_memory,
    signal: context.signal,
  });
  const explanation = explainEnd(end, step, context.request, timeoutMs < remainingMs);
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
  request: ValidationRequest,
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
        : `killed: over the validation's time limit of ${request.timeout_ms / 1000} s`;
    case "over_memory":
      return `killed: over the memory limit of ${formatBytes(request.max_memory)}`;
    case "cancelled":
      return "cancelled";
    case "not_started":
      return `could not be started: ${end.reason}`;
  }
}

/** The whole environment of a step: of the server's own, only the PATH. */
function stepEnvironment({ request, root }: RunContext): Record<string, string> {
  return {
    PATH: toolEnvironment(process.env).PATH,
    HOME: join(root, "home"),
    TMPDIR: join(root, "tmp"),
    LANG: "C.UTF-8",
    CI: "true",
    PROJECT_ID: request.project_id,
    PR_NUMBER: String(request.pr_number),
    HEAD_SHA: request.head_sha,
    BASE_SHA: request.base_sha,
  };
}
