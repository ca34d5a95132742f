import { readdirSync, readFileSync } from "node:fs";

/** The processes whose command line contains a text, without those that have ended. */
export const processesWith = (text: string): string[] => pidsWith(text).map(commandLine);

/** Their pids. */
export const pidsWith = (text: string): string[] =>
  readdirSync("/proc").filter((entry) => /^\d+$/.test(entry) && commandLine(entry).includes(text));

/** The pid of a process's child, if it has one. */
export function childOf(parent: number | undefined): number | undefined {
  const found = readdirSync("/proc").find((entry) => /^\d+$/.test(entry) && parentOf(entry) === parent);
  return found === undefined ? undefined : Number(found);
}

function parentOf(pid: string): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    return undefined;
  }
}

/** Empty for a process that is gone, or has ended and was not waited for. */
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
