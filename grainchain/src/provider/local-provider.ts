import { toolEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import type { Isolation } from "../sandbox/isolation.ts";
import type { Exceeded, Limits } from "../sandbox/limits.ts";
import { type ProcessReport, runProcess } from "../sandbox/process.ts";
import type { Step } from "../steps/steps-file.ts";
import { formatBytes } from "../validation/memory-size.ts";
import type { SandboxLimits, SandboxProvider, StepReport } from "./sandbox-provider.ts";

/** Processes of a step at one time. */
const MAX_PROCESSES = 512;
const DEFAULT_MAX_DISK_BYTES = 4 * 1024 ** 3;

type LocalOptions = {
  isolation: Isolation;
  /** What one run may write to the disk. */
  maxDiskBytes?: number;
};

/** Runs steps on this machine, as child processes in the run's own directory. */
export function localProvider({
  isolation,
  maxDiskBytes = DEFAULT_MAX_DISK_BYTES,
}: LocalOptions): SandboxProvider {
  return {
    name: "local",
    isolation: isolation.kind,
    create: async (limits) => ({
      // Steps run in the checkout itself.
      upload: async () => {},
      exec: (step, timeoutMs, signal) => exec(step, { limits, isolation, maxDiskBytes, timeoutMs, signal }),
      // The run's directory is removed with the run.
      close: async () => {},
    }),
    sweep: async () => 0,
  };
}

type Execution = {
  limits: SandboxLimits;
  isolation: Isolation;
  maxDiskBytes: number;
  timeoutMs: number;
  signal: AbortSignal;
};

async function exec(step: Step, execution: Execution): Promise<StepReport> {
  const { limits, isolation, maxDiskBytes, timeoutMs, signal } = execution;
  const { runId, root, memoryBytes, network, env } = limits;
  const { home, tmp, ...wrapped } = isolation.wrap(step.run, {
    root,
    network: network && step.network === true,
  });
  const bounds: Limits = {
    ...(memoryBytes > 0 && { memoryBytes }),
    processes: MAX_PROCESSES,
    disk: { directory: root, bytes: maxDiskBytes },
  };
  const report = await runProcess({
    ...wrapped,
    // The whole environment of a step: of the server's own, only the PATH.
    env: { PATH: toolEnvironment(process.env).PATH, HOME: home, TMPDIR: tmp, ...env },
    sandboxId: runId,
    scratchDirectory: root,
    timeoutMs,
    limits: bounds,
    signal,
  });
  return withLimitNamed(report, bounds);
}

function withLimitNamed({ end, ...report }: ProcessReport, bounds: Limits): StepReport {
  if (end.kind !== "over_limit") return { ...report, end };
  return { ...report, end: { kind: "over_limit", limit: nameLimit(end.exceeded, bounds) } };
}

function nameLimit(exceeded: Exceeded, { memoryBytes = 0, processes = 0, disk }: Limits): string {
  switch (exceeded) {
    case "memory":
      return `memory limit of ${formatBytes(memoryBytes)}`;
    case "processes":
      return `limit of ${processes} processes`;
    case "disk":
      return `disk limit of ${formatBytes(disk?.bytes ?? 0)}`;
  }
}
