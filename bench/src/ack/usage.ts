/** What a process uses, from Linux's /proc. Undefined on other systems. */
import { readFileSync, writeFileSync } from "node:fs";

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

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
