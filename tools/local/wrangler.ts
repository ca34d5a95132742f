/** Wrangler as a child process, on this project's configuration and state. */
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { wranglerEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";

const WRANGLER = path.join(ROOT, "node_modules/wrangler/bin/wrangler.js");
const GUARD = path.join(ROOT, "tools/bootstrap/guard.mjs");

interface SpawnOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly stdio: "inherit" | "pipe";
}

/** Starts Wrangler. It ends with this process, however this ends. */
export const spawnWrangler = (args: readonly string[], options: SpawnOptions): ChildProcess =>
  spawnGuarded(WRANGLER, args, options);

function spawnGuarded(script: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const { env = wranglerEnvironment(process.env), stdio } = options;
  return spawn(process.execPath, [GUARD, script, ...args], {
    cwd: ROOT,
    env,
    stdio: ["ignore", stdio, stdio],
  });
}

interface Ran {
  readonly code: number;
  readonly output: string;
}

/** Runs Wrangler to its end. @returns its exit code and what it printed */
export const runWrangler = (args: readonly string[]): Promise<Ran> =>
  outputOf(spawnWrangler(args, { stdio: "pipe" }));

/** Runs a program of this workspace that uses Wrangler. @returns its exit code and what it printed */
export const runProgram = (script: string, args: readonly string[]): Promise<Ran> =>
  outputOf(spawnGuarded(path.join(ROOT, script), args, { stdio: "pipe" }));

async function outputOf(child: ChildProcess): Promise<Ran> {
  const chunks: string[] = [];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => chunks.push(text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => chunks.push(text));
  const code = await exitOf(child);
  return { code, output: chunks.join("") };
}

/** Resolves with a child's exit code once it has ended; 1 where a signal ended it. */
export function exitOf(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  if (child.signalCode !== null) return Promise.resolve(1);
  return new Promise((resolve) => {
    child.once("exit", (code) => resolve(code ?? 1));
    child.once("error", () => resolve(1));
  });
}
