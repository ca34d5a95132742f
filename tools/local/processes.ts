/** The child processes of the local gateway: none outlives it. */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { exitOf } from "./child.ts";

/** A child that does not end within this time is killed. */
const GRACE_MS = 6_000;

/**
 * The children. They stay in the process group of the command, so that killing the group kills them all. Each ends its
 * own children, and ends by itself when its parent is gone.
 */
export class Processes {
  readonly #children = new Map<string, ChildProcess>();
  #stopping: Promise<void> | undefined;

  /** Adds a child. `onEnd` is called if it ends before `stop`. */
  add(name: string, child: ChildProcess, onEnd: (code: number) => void): void {
    this.#children.set(name, child);
    void exitOf(child).then((code) => {
      if (this.#stopping === undefined) onEnd(code);
    });
  }

  /** Ends every child. Repeated calls return the same promise. */
  stop(): Promise<void> {
    this.#stopping ??= Promise.all([...this.#children.values()].map(stopChild)).then(() => undefined);
    return this.#stopping;
  }
}

/** Starts a program of this workspace, with a channel that closes when its parent is gone. */
export function spawnProgram(script: string, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, [path.join(ROOT, script), ...args], {
    cwd: ROOT,
    env,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
}

async function stopChild(child: ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  await exitOf(child);
  clearTimeout(timer);
}

/** Lines of a child's standard error that are kept, and printed if it ends. */
const MAX_LAST_LINES = 20;

/**
 * Writes a child's structured log lines to a file, and prints its warnings. The rest of its standard output is dropped:
 * Wrangler's request log has paths, and the path of a callback is a capability.
 * @returns a function giving the last lines of its standard error
 */
export function followLogs(child: ChildProcess, file: string, print: (line: string) => void): () => string[] {
  mkdirSync(path.dirname(file), { recursive: true });
  const log = createWriteStream(file, { flags: "a", mode: 0o600 });
  const lastLines: string[] = [];
  const follow = (stream: Readable | null, other: (line: string) => void): void => {
    if (stream === null) return;
    createInterface({ input: stream }).on("line", (line) => {
      const structured = structuredPart(stripVTControlCharacters(line));
      if (structured === undefined) return other(line);
      log.write(`${structured}\n`);
      if (/"level":"(?:warn|error)"/.test(structured)) print(structured);
    });
  };
  follow(child.stdout, () => undefined);
  follow(child.stderr, (line) => {
    if (line.trim() !== "") lastLines.push(line);
    if (lastLines.length > MAX_LAST_LINES) lastLines.shift();
  });
  return () => lastLines;
}

/** Wrangler decorates what a Worker logs as a warning or an error. */
function structuredPart(line: string): string | undefined {
  return /\{"(?:level|event)":.*\}/.exec(line)?.[0];
}
