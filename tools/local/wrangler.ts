/** Wrangler as a child process, with this project's configuration and state. */
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { wranglerEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { resultOf } from "./child.ts";

const WRANGLER = path.join(ROOT, "node_modules/wrangler/bin/wrangler.js");
const GUARD = path.join(ROOT, "tools/bootstrap/guard.mjs");

interface SpawnOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly stdio: "inherit" | "pipe";
}

/** Starts Wrangler. It ends with this process, however this process ends. */
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
  readonly stdout: string;
  readonly stderr: string;
  /** Everything that it printed. */
  readonly output: string;
}

/** Runs Wrangler to its end. */
export const runWrangler = (args: readonly string[]): Promise<Ran> => runGuarded(WRANGLER, args);

/** Runs a program of this workspace that uses Wrangler. */
export const runProgram = (script: string, args: readonly string[]): Promise<Ran> =>
  runGuarded(path.join(ROOT, script), args);

async function runGuarded(script: string, args: readonly string[]): Promise<Ran> {
  const { code, stdout, stderr } = await resultOf(spawnGuarded(script, args, { stdio: "pipe" }));
  return { code, stdout, stderr, output: stdout + stderr };
}
