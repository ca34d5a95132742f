import { join } from "node:path";
import { toolEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import type { Step } from "../steps/steps-file.ts";
import type { ValidationRequest } from "../validation/request.ts";
import type { StepResult } from "../validation/results.ts";
import { formatBytes } from "./memory-limit.ts";
import { type ProcessEnd, runProcess } from "./process.ts";

/** Where and for how long the steps of one validation run. */
export type StepPlace = {
  request: ValidationRequest;
  /** The sandbox's directory with `checkout`, `home` and `tmp`. */
  root: string;
  sandboxId: string;
  /** By `performance.now()`. */
  deadline: number;
  signal: AbortSignal;
};

/** Runs one step to its end or to its limits. */
export async function runStep(step: Step, place: StepPlace): Promise<StepResult> {
  const remainingMs = Math.max(0, place.deadline - performance.now());
  const timeoutMs = Math.min(step.timeoutMs ?? Number.POSITIVE_INFINITY, remainingMs);
  const { end, output, durationMs } = await runProcess({
    command: "sh",
    args: ["-c", step.run],
    cwd: join(place.root, "checkout"),
    env: stepEnvironment(place),
    sandboxId: place.sandboxId,
    scratchDirectory: place.root,
    timeoutMs,
    maxMemoryBytes: place.request.maxMemoryBytes,
    signal: place.signal,
  });
  return {
    status: end.kind === "timed_out" ? "timed_out" : isSuccess(end) ? "passed" : "failed",
    exit_code: end.kind === "exited" ? end.exitCode : null,
    duration_ms: durationMs,
    output: output.text(describeEnd(end, step, place.request, timeoutMs < remainingMs)),
  };
}

function isSuccess(end: ProcessEnd): boolean {
  return end.kind === "exited" && end.exitCode === 0;
}

/** A last line for the output where the exit code alone would not explain the end. */
function describeEnd(
  end: ProcessEnd,
  step: Step,
  request: ValidationRequest,
  isOwnLimit: boolean,
): string | undefined {
  switch (end.kind) {
    case "exited":
      return undefined;
    case "signalled":
      return `[grainchain] ended by ${end.signal}`;
    case "timed_out":
      return isOwnLimit
        ? `[grainchain] killed: over the step's time limit of ${(step.timeoutMs ?? 0) / 1000} s`
        : `[grainchain] killed: over the validation's time limit of ${request.timeoutMs / 1000} s`;
    case "over_memory":
      return `[grainchain] killed: over the memory limit of ${formatBytes(request.maxMemoryBytes)}`;
    case "cancelled":
      return "[grainchain] cancelled";
    case "not_started":
      return `[grainchain] could not be started: ${end.reason}`;
  }
}

/** All that a step sees of its surroundings: nothing of the server's environment but the PATH. */
function stepEnvironment({ request, root }: StepPlace): Record<string, string> {
  return {
    PATH: toolEnvironment(process.env).PATH,
    HOME: join(root, "home"),
    TMPDIR: join(root, "tmp"),
    LANG: "C.UTF-8",
    CI: "true",
    PROJECT_ID: request.projectId,
    PR_NUMBER: String(request.prNumber),
    HEAD_SHA: request.headSha,
    BASE_SHA: request.baseSha,
  };
}
