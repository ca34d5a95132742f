/** The real `npm start` as a child process that can be killed with all that it started. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { ROOT } from "../../../dev/settings.ts";
import { eventually } from "./system.ts";

const BOOTSTRAP = path.join(ROOT, "cli/dev/bootstrap.mjs");

export interface Program {
  /** Kills every process of the group outright, and waits until they are gone. */
  kill(): Promise<void>;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>;
  /** Resolves once it has ended by itself. @returns its exit code and what it printed */
  ended(): Promise<{ code: number | null; output: string }>;
  /** Waits for a line of its output. */
  waitForLine(pattern: RegExp): Promise<void>;
}

/**
 * Runs a command of the project in a process group of its own. Nothing of it outlives the test.
 * @param env beside this process's own; GATEWAY_STATE in it tells its processes from all others
 */
export function startProgram(args: readonly string[], env: Readonly<Record<string, string>>): Program {
  const child = spawn(process.execPath, [BOOTSTRAP, ...args], {
    cwd: ROOT,
    detached: true,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => void lines.push(line));
  }
  const closed = once(child, "close");
  onTestFinished(() => killGroup(child));
  return {
    async kill() {
      killGroup(child);
      await closed;
      await eventually("no process", async () => processesOf(env.GATEWAY_STATE ?? "").length === 0);
    },
    async stop() {
      child.kill("SIGTERM");
      await closed;
    },
    async ended() {
      await closed;
      return { code: child.exitCode, output: lines.join("\n") };
    },
    async waitForLine(pattern) {
      const found = (): boolean => lines.some((line) => pattern.test(line));
      await eventually(`a line ${pattern}`, async () => found() || child.exitCode !== null);
      if (!found()) throw new Error(`it ended without a line ${pattern}:\n${lines.join("\n")}`);
    },
  };
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // Nobody is left in the group.
  }
}

/** The processes that were started over a state directory, by their environment; without those that have ended. */
export const processesOf = (stateDir: string): string[] =>
  readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((pid) => read(pid, "environ").split("\0").includes(`GATEWAY_STATE=${stateDir}`))
    .map((pid) => `${pid} ${read(pid, "cmdline").replaceAll("\0", " ")}`);

/** Empty for a process that is gone, or has ended and was not waited for. */
function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
