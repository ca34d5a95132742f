/** The `gateway` command as a child process, as a person or a script runs it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";
import { childEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command to its end, without a terminal. */
export const runGateway = (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> => startGatewayCommand(args, env).ended;

/** Starts the command. Nothing of this process's own environment names a gateway or a token. */
export function startGatewayCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly child: ChildProcess; readonly ended: Promise<Ran> } {
  const { GATEWAY_URL: _, GATEWAY_TOKEN: __, ...inherited } = childEnvironment(process.env);
  const child = spawn(process.execPath, [path.join(ROOT, "cli/src/index.ts"), ...args], {
    cwd: ROOT,
    env: { ...inherited, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]).then(
    ([, stdout, stderr]) => ({ code: child.exitCode, stdout, stderr }),
  );
  return { child, ended };
}
