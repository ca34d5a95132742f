/** Wrangler as a child process, with this project's configuration and state. */
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { wranglerEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { resultOf } from "./child.ts";

const WRANGLER = "node_modules/wrangler/bin/wrangler.js";
const GUARD = "tools/bootstrap/guard.mjs";

interface SpawnOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly stdio: "inherit" | "pipe";
}

/** Starts Wrangler. It ends with this process, however this process ends. */
export const spawnWrangler = (args: readonly string[], options: SpawnOptions): ChildProcess =>
  spawnGuarded(WRANGLER, args, options);

function spawnGuarded(script: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const { env = wranglerEnvironment(process.env), stdio } = options;
  return spawn(process.execPath, [path.join(ROOT, GUARD), path.join(ROOT, script), ...args], {
    cwd: ROOT,
    env,
    stdio: ["ignore", stdio, stdio],
  });
}

/** Runs Wrangler to its end. */
export const runWrangler = (args: readonly string[]) => runProgram(WRANGLER, args);

/** Runs a program of this workspace that uses Wrangler. @returns `output`: everything that it printed */
export async function runProgram(script: string, args: readonly string[]) {
  const result = await resultOf(spawnGuarded(script, args, { stdio: "pipe" }));
  return { ...result, output: result.stdout + result.stderr };
}
