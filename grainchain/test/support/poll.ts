import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Waits until `read` gives a value, and fails saying what was waited for. */
export async function waitFor<T>(what: string, read: () => T | undefined, timeoutMs = 15_000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = read();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(20);
  }
}

/** The content of a file once something has been written to it. */
export function waitForFile(path: string): Promise<string> {
  return waitFor(`the file ${path}`, () => {
    const text = readText(path);
    return text.endsWith("\n") ? text.trim() : undefined;
  });
}

/** Tells whether a process runs; a zombie does not. */
export function isRunning(pid: number): boolean {
  const stat = readText(`/proc/${pid}/stat`);
  return stat !== "" && stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
