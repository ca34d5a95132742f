/** The children of the local gateway: none outlives it. */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { exitOf } from "./wrangler.ts";

/** After this time a child that was asked to end is killed. */
const GRACE_MS = 6_000;

/**
 * The children. They stay in the process group of the command, so that whoever kills the group kills them all; each
 * sees to its own children, and ends by itself when its parent is gone.
 */
export class Processes {
  readonly #children = new Map<string, ChildProcess>();
  #stopping: Promise<void> | undefined;

  /** Takes over a child. `onEnd` is called where it ends before it is told to. */
  add(name: string, child: ChildProcess, onEnd: (code: number) => void): void {
    this.#children.set(name, child);
    void exitOf(child).then((code) => {
      if (this.#stopping === undefined) onEnd(code);
    });
  }

  /** Ends every child; again while it is under way: the same promise. */
  stop(): Promise<void> {
    this.#stopping ??= Promise.all([...this.#children.values()].map(stopChild)).then(() => undefined);
    return this.#stopping;
  }
}

/** Starts a program of this workspace, with a channel by which it learns that its parent is gone. */
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

/** Lines of a child's own errors that are kept, to be told if it ends. */
const MAX_LAST_WORDS = 20;

/**
 * Writes a child's structured log lines to a file and shows its warnings. Everything else on its standard output is
 * dropped: Wrangler's own request log has paths, and a callback's path is a capability.
 * @returns a function giving the last lines of its standard error
 */
export function followLogs(child: ChildProcess, file: string, show: (line: string) => void): () => string[] {
  mkdirSync(path.dirname(file), { recursive: true });
  const log = createWriteStream(file, { flags: "a", mode: 0o600 });
  const lastWords: string[] = [];
  const follow = (stream: Readable | null, other: (line: string) => void): void => {
    if (stream === null) return;
    createInterface({ input: stream }).on("line", (line) => {
      const structured = structuredPart(stripVTControlCharacters(line));
      if (structured === undefined) return other(line);
      log.write(`${structured}\n`);
      if (/"level":"(?:warn|error)"/.test(structured)) show(structured);
    });
  };
  follow(child.stdout, () => undefined);
  follow(child.stderr, (line) => {
    if (line.trim() !== "") lastWords.push(line);
    if (lastWords.length > MAX_LAST_WORDS) lastWords.shift();
  });
  return () => lastWords;
}

/** Wrangler decorates what a Worker logs as a warning or an error. */
function structuredPart(line: string): string | undefined {
  return /\{"(?:level|event)":.*\}/.exec(line)?.[0];
}
