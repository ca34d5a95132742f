import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { toolEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { planSteps } from "../steps/plan.ts";
import type { StepPlan } from "../steps/steps-file.ts";
import type { ValidationRequest } from "../validation/request.ts";
import { buildTestResults, type StepResult, type TestResults } from "../validation/results.ts";
import { checkOutCommit, locateRepository } from "./repository.ts";
import { runStep, type StepPlace } from "./step-run.ts";

/** How a run ended. A change that fails its steps is `completed`; `failed` means the sandbox broke. */
export type SandboxOutcome =
  | { kind: "completed"; testResults: TestResults }
  | { kind: "failed"; error: string }
  | { kind: "cancelled" };

/** A place for one run. */
export type Sandbox = {
  id: string;
  /** Runs the validation; when it resolves, none of its processes is left. */
  run(signal: AbortSignal): Promise<SandboxOutcome>;
  /** Removes everything the run has left on disk. */
  remove(): Promise<void>;
};

export type CreateSandbox = (request: ValidationRequest) => Promise<Sandbox>;

/** The start of the name of every directory that belongs to a process; the process id follows. */
export const DIRECTORY_PREFIX = "grainchain-";

/** Makes sandboxes on this machine: a temporary directory and child processes, without isolation. */
export function createLocalSandboxes(reposPath: string | undefined): CreateSandbox {
  return async (request) => {
    const root = await mkdtemp(join(tmpdir(), `${DIRECTORY_PREFIX}${process.pid}-`));
    const id = basename(root);
    return {
      id,
      run: (signal) => runValidation(request, { id, root, reposPath, signal }),
      remove: () => removeDirectory(root),
    };
  };
}

/** Removes a directory, also where a step took away the right to write in it. */
export async function removeDirectory(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    const options = { env: toolEnvironment(process.env) };
    await promisify(execFile)("chmod", ["-R", "u+rwX", path], options).catch(() => {});
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

type RunContext = { id: string; root: string; reposPath: string | undefined; signal: AbortSignal };

async function runValidation(request: ValidationRequest, context: RunContext): Promise<SandboxOutcome> {
  const startedAt = performance.now();
  const deadline = startedAt + request.timeoutMs;
  const directory = join(context.root, "checkout");
  for (const name of ["checkout", "home", "tmp"]) await mkdir(join(context.root, name));
  const checkedOut = await checkOutCommit({
    source: locateRepository(request.projectId, request.cloneUrl, context.reposPath),
    headSha: request.headSha,
    directory,
    scratchDirectory: context.root,
    sandboxId: context.id,
    timeoutMs: request.timeoutMs,
    signal: context.signal,
  });
  if (checkedOut.kind !== "checked_out") return checkedOut;
  const plan = await planSteps(directory);
  const place = { request, root: context.root, sandboxId: context.id, deadline, signal: context.signal };
  const steps = await runPlan(plan, place);
  if (context.signal.aborted) return { kind: "cancelled" };
  return {
    kind: "completed",
    testResults: buildTestResults(steps, performance.now() - startedAt, new Date()),
  };
}

type NamedResult = { name: string; result: StepResult };

/** Runs one step after the other, up to the first that does not pass: those after it have no result. */
async function runPlan(plan: StepPlan, place: StepPlace): Promise<NamedResult[]> {
  if (plan.kind === "invalid") return [{ name: "config", result: saying("failed", plan.message) }];
  if (plan.steps.length === 0)
    return [{ name: "none", result: saying("passed", "There was nothing to run.") }];
  const results: NamedResult[] = [];
  for (const step of plan.steps) {
    const result = await runStep(step, place);
    results.push({ name: step.name, result });
    if (result.status !== "passed") break;
  }
  return results;
}

function saying(status: "passed" | "failed", message: string): StepResult {
  return { status, exit_code: null, duration_ms: 0, output: `${message}\n` };
}
