import { execFile } from "node:child_process";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { toolEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { OutputTail } from "../sandbox/output-tail.ts";
import type { Step } from "../steps/steps-file.ts";
import { formatBytes } from "../validation/memory-size.ts";
import type { CommandResult, RemoteSandbox } from "./remote-client.ts";
import { closeAll, explain, type RemoteService } from "./remote-service.ts";
import { type ProvidedSandbox, ProviderError, type SandboxLimits, type StepEnd } from "./sandbox-provider.ts";

/** Where a run is inside of a sandbox. */
const ROOT = "/tmp/grainchain";

/** Packed. */
const MAX_ARCHIVE_BYTES = 512 * 1024 ** 2;
const SETUP_TIMEOUT_MS = 60_000;
/** The time of a step is kept here: the service's own limit is later by this. */
const STEP_SLACK_MS = 60_000;
const OUTPUT_TIMEOUT_MS = 5_000;

const UNPACK = `set -e
root=$(dirname "$0")
mkdir -p "$root/checkout" "$root/home" "$root/tmp"
tar -xzf "$root/checkout.tgz" -C "$root/checkout"
`;

/**
 * Runs the script beside it, and prints the end of its output: all the rest stays in the sandbox, where it cannot fill the
 * memory of this process.
 */
const RUN = `root=$(dirname "$0")
cd "$root/checkout" || exit 125
HOME="$root/home" TMPDIR="$root/tmp" sh "$root/step.sh" >"$root/output" 2>&1 </dev/null
code=$?
tail -c 8192 "$root/output"
exit $code
`;

/** Puts the steps of one run into a sandbox of a service. */
export function openRemoteSandbox(
  remote: RemoteSandbox,
  limits: SandboxLimits,
  service: RemoteService,
): ProvidedSandbox {
  const run = { remote, limits, service };
  return {
    upload: async (directory, signal) => {
      try {
        await upload(directory, run, signal);
      } catch (error) {
        throw explain(service, "could not take the files", error);
      }
    },
    exec: async (step, timeoutMs, signal) => {
      const startedAt = performance.now();
      const output = new OutputTail();
      try {
        const end = await exec(step, run, output, timeoutMs, signal);
        return { end, output, durationMs: Math.round(performance.now() - startedAt) };
      } catch (error) {
        throw explain(service, "could not run a step", error);
      }
    },
    close: async () => {
      const closed = await closeAll(service, async () => [remote]);
      if (closed === undefined)
        service.log("provider.not_closed", { provider: service.name, sandbox_id: limits.runId });
    },
  };
}

type RemoteRun = { remote: RemoteSandbox; limits: SandboxLimits; service: RemoteService };

async function upload(directory: string, run: RemoteRun, signal: AbortSignal): Promise<void> {
  const { remote, limits } = run;
  const archive = await pack(directory, join(limits.root, "checkout.tgz"));
  const unpack = async () => {
    await remote.run(`mkdir -p ${ROOT}`, { env: {}, timeoutMs: SETUP_TIMEOUT_MS });
    await remote.putFile(archive, `${ROOT}/checkout.tgz`, limits.timeoutMs);
    await putScript(run, "unpack.sh", UNPACK);
    return remote.run(`sh ${ROOT}/unpack.sh`, { env: {}, timeoutMs: limits.timeoutMs });
  };
  const ended = await firstOf(unpack(), limits.timeoutMs, signal);
  if (ended === "timed_out") throw new Error("it took too long");
  // The step that comes next ends at once.
  if (ended === "cancelled" || ended.exitCode === 0) return;
  throw new Error(`tar ended with ${ended.exitCode} ${ended.output}`);
}

async function putScript({ remote, limits }: RemoteRun, name: string, text: string): Promise<void> {
  const local = join(limits.root, name);
  await writeFile(local, text);
  await remote.putFile(local, `${ROOT}/${name}`, SETUP_TIMEOUT_MS);
}

async function exec(
  step: Step,
  run: RemoteRun,
  output: OutputTail,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<StepEnd> {
  if (signal.aborted) return { kind: "cancelled" };
  const perform = async () => {
    // Anew for each step: an earlier one may have changed it.
    await putScript(run, "run.sh", RUN);
    await putScript(run, "step.sh", step.run);
    const options = { env: run.limits.env, timeoutMs: timeoutMs + STEP_SLACK_MS };
    return run.remote.run(`sh ${ROOT}/run.sh`, options);
  };
  const ended = await firstOf(perform(), timeoutMs, signal);
  if (ended === "cancelled") return { kind: "cancelled" };
  const result = ended === "timed_out" ? await outputSoFar(run.remote) : ended;
  output.append(Buffer.from(result.output));
  return ended === "timed_out" ? { kind: "timed_out" } : { kind: "exited", exitCode: result.exitCode };
}

/** What a step that runs too long has printed, if the sandbox still says so. */
async function outputSoFar(remote: RemoteSandbox): Promise<CommandResult> {
  const nothing = { exitCode: 0, output: "" };
  const asked = remote.run(`tail -c 8192 ${ROOT}/output`, { env: {}, timeoutMs: OUTPUT_TIMEOUT_MS });
  const ended = await firstOf(asked, OUTPUT_TIMEOUT_MS, new AbortController().signal).catch(() => nothing);
  return typeof ended === "string" ? nothing : ended;
}

/** Whichever comes first. What comes later is ignored: the sandbox is closed then. */
async function firstOf<T>(
  work: Promise<T>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<T | "timed_out" | "cancelled"> {
  const { promise, resolve, reject } = Promise.withResolvers<T | "timed_out" | "cancelled">();
  const cancel = () => resolve("cancelled");
  signal.addEventListener("abort", cancel);
  if (signal.aborted) cancel();
  const timer = setTimeout(() => resolve("timed_out"), timeoutMs);
  work.then(resolve, reject);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", cancel);
  }
}

/** The files of a checkout, without what git knows of them: no history, no other branch, no address. */
async function pack(directory: string, file: string): Promise<string> {
  const options = { env: toolEnvironment(process.env) };
  await promisify(execFile)("tar", ["-czf", file, "--exclude=./.git", "-C", directory, "."], options);
  const { size } = await stat(file);
  if (size <= MAX_ARCHIVE_BYTES) return file;
  throw new ProviderError(`the files are larger than ${formatBytes(MAX_ARCHIVE_BYTES)}, packed`);
}
