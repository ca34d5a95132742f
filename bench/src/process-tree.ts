/** What a process and its descendants use, from Linux' /proc. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { toolEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";

/** `USER_HZ`: the unit of times in /proc/<pid>/stat, per second. 100 on every common Linux (proc(5)). */
const TICKS_PER_SECOND =
  process.platform === "linux"
    ? Number(execFileSync("getconf", ["CLK_TCK"], { env: toolEnvironment(process.env) }))
    : 100;

/** Whether this machine can tell: Linux only. */
export const measuresProcesses = process.platform === "linux";

/**
 * CPU time of a tree since each process began, in milliseconds, user and system, those of ended children included.
 * Resolution: one tick, 10 ms. Undefined elsewhere than on Linux.
 */
export function treeCpuMs(root: number): number | undefined {
  if (!measuresProcesses) return undefined;
  const ticks = treeOf(root).reduce((sum, { ticks }) => sum + ticks, 0);
  return (ticks / TICKS_PER_SECOND) * 1000;
}

/** Forgets the tree's memory peak so far (proc(5), clear_refs 5). Where that is not allowed, the older peak stands. */
export function resetTreePeak(root: number): void {
  if (!measuresProcesses) return;
  for (const { pid } of treeOf(root)) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, "5");
    } catch {}
  }
}

/**
 * The most resident memory (`VmHWM`) that each process of the tree has had, added up, in bytes. Memory that processes
 * share is counted once.
 */
export function treePeakBytes(root: number): number | undefined {
  if (!measuresProcesses) return undefined;
  const sizes = treeOf(root).map(({ pid }) => {
    const status = readProc(pid, "status") ?? "";
    const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
    return { peak: kilobytes("VmHWM"), shared: kilobytes("RssShmem") };
  });
  const shared = sizes.map((size) => size.shared);
  const repeated = shared.reduce((sum, size) => sum + size, 0) - Math.max(0, ...shared);
  return (sizes.reduce((sum, size) => sum + size.peak, 0) - repeated) * 1024;
}

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** utime + stime + cutime + cstime. */
  readonly ticks: number;
}

function treeOf(root: number): ProcessStat[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(Number(name)) ?? []);
  const tree = all.filter(({ pid }) => pid === root);
  for (const { pid } of tree) tree.push(...all.filter(({ parent }) => parent === pid));
  return tree;
}

function readStat(pid: number): ProcessStat | undefined {
  const stat = readProc(pid, "stat");
  if (stat === undefined) return undefined;
  // The name, in parentheses, may hold anything; the fields follow the last of them, from the third on.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { pid, parent: Number(fields[1]), ticks };
}

/** Undefined where the process has ended. */
function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}
