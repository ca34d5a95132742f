import { statfs } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { listGroup } from "./process-table.ts";

const SAMPLE_MS = 200;

/** What all processes of a step may use together. What is not set has no limit. */
export type Limits = {
  memoryBytes?: number;
  processes?: number;
  /** By how much less may be free on the disk than at the start. */
  disk?: { directory: string; bytes: number };
};

export type Exceeded = "memory" | "processes" | "disk";

/** Resolves once a process group exceeds a limit; never, once `signal` is aborted. */
export async function waitUntilExceeded(
  groupId: number,
  limits: Limits,
  signal: AbortSignal,
): Promise<Exceeded> {
  const isDiskFull = await watchDisk(limits.disk);
  while (!signal.aborted) {
    await sleep(SAMPLE_MS);
    if (signal.aborted) break;
    const exceeded = (await exceededBy(groupId, limits)) ?? ((await isDiskFull()) ? "disk" : undefined);
    if (exceeded !== undefined) return exceeded;
  }
  return new Promise(() => {});
}

async function exceededBy(
  groupId: number,
  { memoryBytes, processes }: Limits,
): Promise<Exceeded | undefined> {
  if (memoryBytes === undefined && processes === undefined) return undefined;
  const entries = await listGroup(groupId);
  if (processes !== undefined && entries.length > processes) return "processes";
  if (memoryBytes === undefined) return undefined;
  return entries.reduce((sum, entry) => sum + entry.residentBytes(), 0) > memoryBytes ? "memory" : undefined;
}

/** The free space is watched, not what a step has written: that would mean to read every folder again and again. */
async function watchDisk(disk: Limits["disk"]): Promise<() => Promise<boolean>> {
  if (disk === undefined) return async () => false;
  const free = async () => {
    const { bavail, bsize } = await statfs(disk.directory);
    return bavail * bsize;
  };
  const before = await free();
  return async () => before - (await free()) > disk.bytes;
}
