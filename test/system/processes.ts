import { readdirSync, readFileSync } from "node:fs";

/** The command lines of running processes that contain a text. */
export const processesWith = (text: string): string[] => pidsWith(text).map(commandLine);

/** Their pids. */
export const pidsWith = (text: string): string[] =>
  readdirSync("/proc").filter((entry) => /^\d+$/.test(entry) && commandLine(entry).includes(text));

/** The pid of a child of a process, if it has one. */
export const childOf = (parent: number | undefined): number | undefined => childrenOf(parent)[0];

/** The pids of a process's children. */
export const childrenOf = (parent: number | undefined): readonly number[] =>
  readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && parentOf(entry) === parent)
    .map(Number);

function parentOf(pid: string): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    return undefined;
  }
}

/** Empty for a process that is gone or a zombie. */
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
