import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { toolEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ProviderError, type SandboxProvider } from "../provider/sandbox-provider.ts";
import { reasonToSkip } from "../steps/path-filter.ts";
import { planSteps } from "../steps/plan.ts";
import type { StepPlan } from "../steps/steps-file.ts";
import type { ValidationRequest } from "../validation/request.ts";
import { buildTestResults, type TestResults } from "../validation/results.ts";
import { type PlannedRun, runPlannedSteps } from "./planned-steps.ts";
import {
  type CheckoutOutcome,
  type CheckoutSpec,
  checkOutCommit,
  listChangedFiles,
  locateRepository,
} from "./repository.ts";

/** How a run ended. A change that fails its steps is `completed`; `failed` means that the sandbox broke. */
export type SandboxOutcome =
  | {
      kind: "completed";
      testResults: TestResults;
      /** The tree of the commit: two commits with one tree have the same files. */
      treeSha: string;
      /** Why no step was run. */
      skipped?: string;
    }
  | { kind: "failed"; error: string }
  | { kind: "cancelled" };

const REFUSED: SandboxOutcome = {
  kind: "failed",
  error: "untrusted changes need isolation: install bubblewrap on the Grainchain host",
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

export type SandboxesOptions = {
  /** Folders of repositories, separated as in PATH. */
  reposPath: string | undefined;
  provider: SandboxProvider;
};

type RunContext = SandboxesOptions & PlannedRun;

/** Creates sandboxes. The checkout and the plan are made in a temporary directory here; the provider runs the steps. */
export function createSandboxes(options: SandboxesOptions): CreateSandbox {
  return async (request) => {
    const root = await mkdtemp(join(tmpdir(), `${DIRECTORY_PREFIX}${process.pid}-`));
    const runId = basename(root);
    return {
      id: runId,
      run: async (signal) => {
        if (options.provider.isolation === "none" && !request.trusted) return REFUSED;
        const deadline = performance.now() + request.timeout_ms;
        return runValidation({ ...options, request, runId, root, deadline, signal });
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

async function runValidation(context: RunContext): Promise<SandboxOutcome> {
  const { request, runId, root, reposPath, signal } = context;
  const startedAt = performance.now();
  const directory = join(root, "checkout");
  for (const name of ["checkout", "home", "tmp", "base"]) await mkdir(join(root, name));
  const spec = {
    source: locateRepository(request.project_id, request.clone_url || undefined, reposPath),
    headSha: request.head_sha,
    directory,
    scratchDirectory: root,
    sandboxId: runId,
    timeoutMs: request.timeout_ms,
    signal,
  };
  const checkout = await checkOutCommit(spec);
  if (checkout.kind !== "checked_out") return checkout;
  const { treeSha } = checkout;
  if (!request.trusted) {
    const base = await checkOutBase(spec, request.base_sha, join(root, "base"));
    if (base.kind !== "checked_out") return base;
  }
  const plan = await planSteps(request.trusted ? directory : join(root, "base"));
  const skipped = await findReasonToSkip(plan, spec, request.base_sha);
  const results = skipped === undefined ? await runPlannedSteps(plan, context) : [];
  if (signal.aborted) return { kind: "cancelled" };
  if (results instanceof ProviderError) return { kind: "failed", error: results.message };
  const testResults = buildTestResults(results, performance.now() - startedAt);
  return { kind: "completed", testResults, treeSha, ...(skipped !== undefined && { skipped }) };
}

/** Who proposes an untrusted change must not choose what is run: its steps are those of its base. */
async function checkOutBase(
  spec: CheckoutSpec,
  baseSha: string,
  directory: string,
): Promise<CheckoutOutcome> {
  if (isCommitId(baseSha)) return checkOutCommit({ ...spec, headSha: baseSha, directory });
  return { kind: "failed", error: "an untrusted change needs a base commit: its steps are read from there" };
}

async function findReasonToSkip(
  plan: StepPlan,
  spec: CheckoutSpec,
  baseSha: string,
): Promise<string | undefined> {
  if (plan.kind === "invalid" || plan.filter === undefined || !isCommitId(baseSha)) return undefined;
  const { paths, pathsIgnore } = plan.filter;
  if (paths === undefined && pathsIgnore === undefined) return undefined;
  const changed = await listChangedFiles(spec, baseSha);
  return changed && reasonToSkip(plan.filter, changed);
}

/** A push that creates a branch has a base of zeros. */
const isCommitId = (sha: string): boolean => /^(?!0+$)(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(sha);
