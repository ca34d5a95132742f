/** The project's own commands, run as a user runs them. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { onTestFinished } from "vitest";
import { freePort } from "./ports.ts";
import { makeDirectory } from "./repositories.ts";

/** What GitHub signs with. */
export const SECRET = "start test secret";

export interface Program {
  readonly child: ChildProcess;
  /** The lines of standard output and standard error. */
  readonly lines: string[];
  readonly stdout: string[];
  /** Waits for a line, or for the end of the program. */
  waitForLine(pattern: RegExp): Promise<string>;
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

interface ProgramOptions {
  /** Where the project is (default: this checkout). */
  readonly checkout?: string;
  /** Registers its end (default: it ends with the test). */
  readonly whenDone?: (end: () => Promise<void>) => void;
}

/** Starts a command in a process group of its own. */
export function startProgram(
  args: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
  { checkout = ROOT, whenDone = onTestFinished }: ProgramOptions = {},
): Program {
  const child = spawn(process.execPath, [path.join(checkout, "tools/bootstrap/bootstrap.mjs"), ...args], {
    cwd: checkout,
    env: { ...process.env, GITHUB_WEBHOOK_SECRET: SECRET, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  whenDone(async () => void child.kill("SIGTERM"));
  const ended = once(child, "exit");
  const lines: string[] = [];
  const stdout: string[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const check of waiting) check();
  };
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      if (stream === child.stdout) stdout.push(line);
      wake();
    });
  }
  child.on("exit", wake);
  const waitForLine = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const found = lines.find((line) => pattern.test(line));
        if (found === undefined && child.exitCode === null) return;
        waiting.delete(check);
        if (found === undefined) reject(new Error(`no line ${pattern} in:\n${lines.join("\n")}`));
        else resolve(found);
      };
      waiting.add(check);
      check();
    });
  const stop = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    await ended;
    return child.exitCode;
  };
  return { child, lines, stdout, waitForLine, stop };
}

/** What a gateway of its own needs: free ports and a state directory. */
export async function environment() {
  const [port, grainchainPort] = [await freePort(), await freePort()];
  const stateDir = makeDirectory();
  const env = { PORT: String(port), GRAINCHAIN_PORT: String(grainchainPort), GATEWAY_STATE: stateDir };
  return { env, url: `http://localhost:${port}`, port, grainchainPort, stateDir };
}

/** Queries the local database, as `npm run d1` does. */
export async function queryD1(env: Readonly<Record<string, string>>, sql: string): Promise<unknown[]> {
  const program = startProgram(["d1", sql, "--json"], env);
  await once(program.child, "close");
  const text = program.stdout.join("\n");
  return JSON.parse(text.slice(text.indexOf("[")))[0].results;
}
