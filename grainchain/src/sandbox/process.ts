import { type ChildProcess, spawn } from "node:child_process";
import { errorCode } from "../error-code.ts";
import { within } from "../within.ts";
import { type Exceeded, type Limits, waitUntilExceeded } from "./limits.ts";
import { openOutputPipe } from "./output-pipe.ts";
import { OutputTail } from "./output-tail.ts";
import { killGroup, SANDBOX_VARIABLE, terminateGroup, trackGroup } from "./process-group.ts";

const TERMINATION_GRACE_MS = 2000;
const REAP_TIMEOUT_MS = 2000;

/** One command to run, with its whole environment and its limits. */
export type ProcessSpec = {
  command: string;
  args: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  sandboxId: string;
  /** A directory outside `cwd` for the output pipe. */
  scratchDirectory: string;
  timeoutMs: number;
  /** How much of the end of its output is kept, if not the usual. */
  maxOutputBytes?: number;
  limits: Limits;
  /** The command only supervises the processes that do the work: they are asked to stop, and it ends after them. */
  isSupervised?: boolean;
  signal: AbortSignal;
};

/** How a process ended: by itself, by a limit, by `signal` of its spec; or that it never started. */
export type ProcessEnd =
  | { kind: "exited"; exitCode: number }
  | { kind: "signalled"; signal: string }
  | { kind: "timed_out" }
  | { kind: "over_limit"; exceeded: Exceeded }
  | { kind: "cancelled" }
  | { kind: "not_started"; reason: string };

export type ProcessReport = { end: ProcessEnd; output: OutputTail; durationMs: number };

/**
 * Runs a command in a process group of its own, with closed input and captured output.
 * When it resolves, no process of the group is left, nor (on Linux) any process with the sandbox's id.
 */
export async function runProcess(spec: ProcessSpec): Promise<ProcessReport> {
  const startedAt = performance.now();
  const output = new OutputTail(spec.maxOutputBytes);
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
    await terminateGroup(groupId, spec, TERMINATION_GRACE_MS);
  }
  await killGroup(groupId, spec);
  // Limited: a process stuck in the kernel must not keep its place forever.
  await within(REAP_TIMEOUT_MS, exited);
  untrack();
  return end;
}

/** Whichever comes first: the exit, the time limit, another limit or the cancellation. */
async function firstEnd(
  { timeoutMs, limits, signal }: ProcessSpec,
  groupId: number,
  exited: Promise<ProcessEnd>,
): Promise<ProcessEnd> {
  const { promise, resolve } = Promise.withResolvers<ProcessEnd>();
  const done = new AbortController();
  const timer = setTimeout(() => resolve({ kind: "timed_out" }), timeoutMs);
  const cancel = () => resolve({ kind: "cancelled" });
  signal.addEventListener("abort", cancel, { signal: done.signal });
  if (signal.aborted) cancel();
  void exited.then(resolve);
  void waitUntilExceeded(groupId, limits, done.signal).then((exceeded) =>
    resolve({ kind: "over_limit", exceeded }),
  );
  const end = await promise;
  clearTimeout(timer);
  done.abort();
  return end;
}

function waitForExit(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ kind: "not_started", reason: errorCode(error) }));
    child.once("exit", (exitCode, signal) => {
      if (exitCode === null) resolve({ kind: "signalled", signal: signal ?? "unknown" });
      else resolve({ kind: "exited", exitCode });
    });
  });
}
