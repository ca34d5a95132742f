/** How a child process ends. */
import type { ChildProcess } from "node:child_process";
import { text } from "node:stream/consumers";

export interface ChildResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Resolves with a child's exit code when it has ended; 1 if a signal ended it, or it could not be started. */
export function exitOf(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  if (child.signalCode !== null) return Promise.resolve(1);
  return new Promise((resolve) => {
    child.once("exit", (code) => resolve(code ?? 1));
    child.once("error", () => resolve(1));
  });
}

/** The same, with what the child printed. */
export async function resultOf(child: ChildProcess): Promise<ChildResult> {
  const printed = [child.stdout, child.stderr].map((stream) => (stream === null ? "" : text(stream)));
  const [code, stdout = "", stderr = ""] = await Promise.all([exitOf(child), ...printed]);
  return { code, stdout, stderr };
}
