import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { toolEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";

/** A living process; zombies are not listed. */
export type ProcessEntry = { pid: number; parentPid: number; groupId: number; residentBytes: () => number };

/** Every visible process of this machine: from /proc on Linux, from `ps` elsewhere. */
async function listProcesses(): Promise<ProcessEntry[]> {
  if (process.platform === "linux") return listProcPids().flatMap((pid) => readProcEntry(pid));
  const args = ["-A", "-o", "pid=,ppid=,pgid=,rss=,state="];
  const { stdout } = await promisify(execFile)("ps", args, { env: toolEnvironment(process.env) });
  return stdout.split("\n").flatMap((line) => parsePsLine(line));
}

/** The processes of a group with all their living descendants, even those that have left the group. */
export async function listGroup(groupId: number): Promise<ProcessEntry[]> {
  const members = new Map<number, ProcessEntry>();
  const others = await listProcesses();
  let found = true;
  while (found) {
    found = false;
    for (const entry of others) {
      if (members.has(entry.pid)) continue;
      if (entry.groupId !== groupId && !members.has(entry.parentPid)) continue;
      members.set(entry.pid, entry);
      found = true;
    }
  }
  return [...members.values()];
}

/** The ids of the processes that were started with `variable=value` in their environment; none except on Linux. */
export function findPidsByVariable(variable: string, value: string): number[] {
  if (process.platform !== "linux") return [];
  const setting = `\0${variable}=${value}\0`;
  return listProcPids().filter((pid) => `\0${readProcFile(pid, "environ")}`.includes(setting));
}

/** Sends a signal to a process, or with a negative id to a group. Ignores one that is gone. */
export function sendSignal(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {}
}

function listProcPids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function readProcEntry(pid: number): ProcessEntry[] {
  const stat = readProcFile(pid, "stat");
  // The command's name is in parentheses and may hold anything, so count from the last one.
  const [state, parentPid, groupId] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (parentPid === undefined || groupId === undefined || state === "Z" || state === "X") return [];
  const residentBytes = () =>
    Number(/^VmRSS:\s+(\d+) kB/m.exec(readProcFile(pid, "status"))?.[1] ?? 0) * 1024;
  return [{ pid, parentPid: Number(parentPid), groupId: Number(groupId), residentBytes }];
}

function parsePsLine(line: string): ProcessEntry[] {
  const [pid, parentPid, groupId, residentKiB, state] = line.trim().split(/\s+/);
  if (state === undefined || state.startsWith("Z")) return [];
  const residentBytes = () => Number(residentKiB) * 1024;
  return [{ pid: Number(pid), parentPid: Number(parentPid), groupId: Number(groupId), residentBytes }];
}

/** A file of /proc; empty if the process is gone or belongs to another user. */
function readProcFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch {
    return "";
  }
}
