import { readFileSync } from "node:fs";
import { waitFor } from "../../../test/support/patience.ts";

/** The content of a file once something has been written to it. */
export function waitForFile(path: string): Promise<string> {
  return waitFor(`the file ${path}`, () => {
    const text = readText(path);
    return text.endsWith("\n") ? text.trim() : undefined;
  });
}

/** Whether a process is running; a zombie is not. */
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
