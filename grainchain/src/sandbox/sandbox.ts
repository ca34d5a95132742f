import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { toolEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { planSteps } from "../steps/plan.ts";
import type { ValidationRequest } from "../validation/request.ts";
import {
  buildTestResults,
  type NamedResult,
  type StepResult,
  type TestResults,
} from "../validation/results.ts";
import type { Isolation } from "./isolation.ts";
import { checkOutCommit, locateRepository } from "./repository.ts";
import { type RunContext, runStep } from "./step-run.ts";

/** How a run ended. A change that fails its steps is `completed`; `failed` means that the sandbox broke. */
export type SandboxOutcome =
  | { kind: "completed"; testResults: TestResults }
  | { kind: "failed"; error: string }
  | { kind: "cancelled" };

const REFUSED: SandboxOutcome = {
  kind: "failed",
  error: "an untrusted change is not run without isolation: install bubblewrap where Grainchain runs",
};

/** A place for one run. */
export type Sandbox = {
  id: string;
  /** Runs the validation; when it resolves, none of its processes is left. */
  run(signal: AbortSignal): Promise<SandboxOutcome>;
  /** Removes everything that the run has left on disk. */
  remove(): Promise<void>;
};

export type CreateSandbox = (request: ValidationRequest) => Promise<Sandbox>;

/** How the name of every sandbox's directory starts; the server's process id follows. */
export const DIRECTORY_PREFIX = "grainchain-";

export type LocalSandboxes = {
  /** Folders of repositories, separated as in PATH. */
  reposPath: string | undefined;
  isolation: Isolation;
  /** What one run may write to the disk. */
  maxDiskBytes?: number;
};

const DEFAULT_MAX_DISK_BYTES = 4 * 1024 ** 3;

/** Creates sandboxes on this machine: a temporary directory and child processes. */
export function createLocalSandboxes({
  reposPath,
  isolation,
  maxDiskBytes = DEFAULT_MAX_DISK_BYTES,
}: LocalSandboxes): CreateSandbox {
  return async (request) => {
    const root = await mkdtemp(join(tmpdir(), `${DIRECTORY_PREFIX}${process.pid}-`));
    const sandboxId = basename(root);
    return {
      id: sandboxId,
      run: async (signal) => {
        if (isolation.kind === "none" && !request.trusted) return REFUSED;
        const deadline = performance.now() + request.timeout_ms;
        const context = { request, sandboxId, root, isolation, maxDiskBytes, deadline, signal };
        return runValidation(context, reposPath);
      },
      remove: () => removeDirectory(root),
    };
  };
}

/** Removes a directory, even if a step took away the right to write in it. */
export async function removeDirectory(path: string): Promise<void> {
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 3 });
  try {
    await remove();
  } catch {
    const options = { env: toolEnvironment(process.env) };
    await promisify(execFile)("chmod", ["-R", "u+rwX", path], options).catch(() => {});
    await remove();
  }
}

async function runValidation(context: RunContext, reposPath: string | undefined): Promise<SandboxOutcome> {
  const { request, sandboxId, root, signal } = context;
  const startedAt = performance.now();
  const directory = join(root, "checkout");
  for (const name of ["checkout", "home", "tmp"]) await mkdir(join(root, name));
  const checkout = await checkOutCommit({
    source: locateRepository(request.project_id, request.clone_url || undefined, reposPath),
    headSha: request.head_sha,
    directory,
    scratchDirectory: root,
    sandboxId,
    timeoutMs: request.timeout_ms,
    signal,
  });
  if (checkout.kind !== "checked_out") return checkout;
  const results = await runPlannedSteps(directory, context);
  if (signal.aborted) return { kind: "cancelled" };
  return { kind: "completed", testResults: buildTestResults(results, performance.now() - startedAt) };
}

/** Runs the steps in order, up to the first that does not pass: the steps after it have no result. */
async function runPlannedSteps(directory: string, context: RunContext): Promise<NamedResult[]> {
  const plan = await planSteps(directory);
  if (plan.kind === "invalid") return [{ name: "config", result: messageOnly("failed", plan.message) }];
  if (plan.steps.length === 0)
    return [{ name: "none", result: messageOnly("passed", "There was nothing to run.") }];
  const results: NamedResult[] = [];
  for (const step of plan.steps) {
    const result = await runStep(step, context);
    results.push({ name: step.name, result });
    if (result.status !== "passed") break;
  }
  return results;
}

/** The result of what is no command. */
function messageOnly(status: "passed" | "failed", message: string): StepResult {
  return { status, exit_code: null, duration_ms: 0, output: `${message}\n` };
}
