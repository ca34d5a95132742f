import { join } from "node:path";
import { ProviderError, type SandboxProvider } from "../provider/sandbox-provider.ts";
import type { Step, StepPlan } from "../steps/steps-file.ts";
import type { ValidationRequest } from "../validation/request.ts";
import type { NamedResult, StepResult } from "../validation/results.ts";
import { runStep, type StepContext } from "./step-run.ts";

/** A run whose commit is checked out. */
export type PlannedRun = {
  request: ValidationRequest;
  runId: string;
  /** The run's directory on this machine. */
  root: string;
  provider: SandboxProvider;
  /** When the validation's time is over, by `performance.now()`. */
  deadline: number;
  signal: AbortSignal;
};

/** Runs what was planned, or says why there is nothing to run. @returns an error if the provider cannot be used */
export async function runPlannedSteps(
  plan: StepPlan,
  run: PlannedRun,
): Promise<readonly NamedResult[] | ProviderError> {
  if (plan.kind === "invalid") return [{ name: "config", result: messageOnly("failed", plan.message) }];
  if (plan.steps.length === 0)
    return [{ name: "none", result: messageOnly("passed", "There was nothing to run.") }];
  try {
    return await runInSandbox(plan.steps, run);
  } catch (error) {
    if (error instanceof ProviderError) return error;
    throw error;
  }
}

/** A sandbox may cost money: there is one only while steps run, and it is closed whatever happens. */
async function runInSandbox(steps: readonly Step[], run: PlannedRun): Promise<readonly NamedResult[]> {
  const { request, runId, root, deadline, signal, provider } = run;
  const sandbox = await provider.create({
    runId,
    root,
    timeoutMs: Math.max(0, deadline - performance.now()),
    memoryBytes: request.max_memory,
    network: request.trusted && steps.some(({ network }) => network === true),
    env: stepEnvironment(request),
  });
  try {
    await sandbox.upload(join(root, "checkout"), signal);
    return await runSteps(steps, { sandbox, timeoutMs: request.timeout_ms, deadline, signal });
  } finally {
    await sandbox.close();
  }
}

/** Runs the steps in order, up to the first that does not pass: the steps after it have no result. */
async function runSteps(steps: readonly Step[], context: StepContext): Promise<readonly NamedResult[]> {
  const results: NamedResult[] = [];
  for (const step of steps) {
    const result = await runStep(step, context);
    results.push({ name: step.name, result });
    if (result.status !== "passed") break;
  }
  return results;
}

/** What every step finds in its environment, wherever it runs. */
function stepEnvironment(request: ValidationRequest): Record<string, string> {
  return {
    LANG: "C.UTF-8",
    CI: "true",
    PROJECT_ID: request.project_id,
    PR_NUMBER: String(request.pr_number),
    HEAD_SHA: request.head_sha,
    BASE_SHA: request.base_sha,
  };
}

/** The result of a step that has no command. */
function messageOnly(status: "passed" | "failed", message: string): StepResult {
  return { status, exit_code: null, duration_ms: 0, output: `${message}\n` };
}
