import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntilOverLimit } from "./memory-limit.ts";
import { openOutputPipe } from "./output-pipe.ts";
import { OutputTail } from "./output-tail.ts";
import { killGroup, SANDBOX_VARIABLE, terminateGroup, trackGroup } from "./process-group.ts";

const TERMINATION_GRACE_MS = 2000;
const REAP_TIMEOUT_MS = 2000;

/** One command to run, with its whole environment and its limits (0 bytes: no memory limit). */
export type ProcessSpec = {
  command: string;
  args: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  sandboxId: string;
  /** A directory outside `cwd` for the output pipe. */
  scratchDirectory: string;
  timeoutMs: number;
  maxMemoryBytes: number;
  signal: AbortSignal;
};

/** How a process ended: by itself, by a limit, by `signal` of its spec, or not begun at all. */
export type ProcessEnd =
  | { kind: "exited"; exitCode: number }
  | { kind: "signalled"; signal: string }
  | { kind: "timed_out" }
  | { kind: "over_memory"; usedBytes: number }
  | { kind: "cancelled" }
  | { kind: "not_started"; reason: string };

export type ProcessReport = { end: ProcessEnd; output: OutputTail; durationMs: number };

/**
 * Runs a command in a process group of its own, with closed input and captured output.
 * When it resolves, nothing of the group is left, nor (on Linux) of what carries the sandbox's id.
 */
export async function runProcess(spec: ProcessSpec): Promise<ProcessReport> {
  const startedAt = performance.now();
  const output = new OutputTail();
  const end = spec.signal.aborted ? ({ kind: "cancelled" } as const) : await startAndWatch(spec, output);
  return { end, output, durationMs: Math.round(performance.now() - startedAt) };
}

async function startAndWatch(spec: ProcessSpec, output: OutputTail): Promise<ProcessEnd> {
  const pipe = await openOutputPipe(spec.scratchDirectory, output).catch(errorCode);
  if (typeof pipe === "string") return { kind: "not_started", reason: pipe };
  const child = spawn(spec.command, spec.args, {
    cwd: spec.cwd,
    env: { ...spec.env, [SANDBOX_VARIABLE]: spec.sandboxId },
    detached: true,
    stdio: ["ignore", pipe.writeFd, pipe.writeFd],
  });
  pipe.closeWriter();
  const exited = waitForExit(child);
  const end = child.pid === undefined ? await exited : await watchGroup(spec, child.pid, exited);
  await pipe.finish();
  return end;
}

async function watchGroup(
  spec: ProcessSpec,
  groupId: number,
  exited: Promise<ProcessEnd>,
): Promise<ProcessEnd> {
  const untrack = trackGroup(groupId);
  const end = await firstEnd(spec, groupId, exited);
  if (end.kind === "timed_out" || end.kind === "cancelled") {
    await terminateGroup(groupId, spec.sandboxId, TERMINATION_GRACE_MS);
  }
  await killGroup(groupId, spec.sandboxId);
  // Bounded: a process stuck in the kernel must not hold its place for ever.
  await within(REAP_TIMEOUT_MS, exited);
  untrack();
  return end;
}

/** Whatever comes first: the exit, the time limit, the memory limit or the cancellation. */
async function firstEnd(
  spec: ProcessSpec,
  groupId: number,
  exited: Promise<ProcessEnd>,
): Promise<ProcessEnd> {
  const done = new AbortController();
  const cancelled = new Promise<ProcessEnd>((resolve) => {
    const cancel = () => resolve({ kind: "cancelled" });
    spec.signal.addEventListener("abort", cancel, { once: true, signal: done.signal });
    if (spec.signal.aborted) cancel();
  });
  const overMemory = waitUntilOverLimit(groupId, spec.maxMemoryBytes, done.signal).then(
    (usedBytes): ProcessEnd => ({ kind: "over_memory", usedBytes }),
  );
  const timedOut = sleep(spec.timeoutMs, undefined, { signal: done.signal }).then(
    (): ProcessEnd => ({ kind: "timed_out" }),
    (): Promise<ProcessEnd> => new Promise(() => {}),
  );
  const end = await Promise.race([exited, timedOut, overMemory, cancelled]);
  done.abort();
  return end;
}

function waitForExit(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ kind: "not_started", reason: errorCode(error) }));
    child.once("exit", (exitCode, signal) => {
      resolve(
        exitCode === null ? { kind: "signalled", signal: signal ?? "unknown" } : { kind: "exited", exitCode },
      );
    });
  });
}

async function within(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  await Promise.race([work, sleep(timeoutMs, undefined, { signal: done.signal }).catch(() => {})]);
  done.abort();
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
