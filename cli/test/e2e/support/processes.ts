import { readdirSync, readFileSync } from "node:fs";

/** The processes whose command line contains a text, without those that have ended. */
export const processesWith = (text: string): string[] =>
  readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(commandLine)
    .filter((command) => command.includes(text));

/** Empty for a process that is gone, or has ended and was not waited for. */
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
