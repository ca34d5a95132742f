/** What a process uses, from Linux's /proc. Undefined on other systems. */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { sum } from "../statistics.ts";

/** The unit of times in /proc/<pid>/stat: 100 a second on every common Linux (proc(5)). */
const TICK_MS = 10;

/** CPU time since the process began, user and system. */
export function cpuMsOf(pid: number): number | undefined {
  // The name, in parentheses, may hold anything. The times are the 12th and 13th field after it.
  const [, user, system] = /.*\)(?: \S+){11} (\d+) (\d+)/s.exec(readProc(pid, "stat")) ?? [];
  return user === undefined ? undefined : (Number(user) + Number(system)) * TICK_MS;
}

/** The most resident memory since the last reset. */
export function peakMbOf(pid: number): number | undefined {
  const [, kilobytes] = /^VmHWM:\s+(\d+)/m.exec(readProc(pid, "status")) ?? [];
  return kilobytes === undefined ? undefined : (Number(kilobytes) * 1024) / 1e6;
}

/** Forgets the peak so far (proc(5), clear_refs 5). If that is not allowed, the older peak stands. */
export function resetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, "5");
  } catch {}
}

function readProc(pid: number | string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

/** CPU time of all that this process has started and that still runs, with what has ended below that. */
export function cpuMsOfChildren(): number {
  const processes = globSync("/proc/[0-9]*/stat").flatMap((file) => {
    const [, pid, parent, times] =
      /^(\d+) .*\) \S (\d+)(?: \S+){9}((?: \d+){4})/s.exec(
        readProc(path.basename(path.dirname(file)), "stat"),
      ) ?? [];
    return times === undefined
      ? []
      : [
          {
            pid: Number(pid),
            parent: Number(parent),
            ms: sum(times.trim().split(" ").map(Number)) * TICK_MS,
          },
        ];
  });
  const below = (pid: number): number =>
    sum(processes.filter(({ parent }) => parent === pid).map((child) => child.ms + below(child.pid)));
  return below(process.pid);
}
