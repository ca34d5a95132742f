import { setTimeout as sleep } from "node:timers/promises";
import { findPidsByVariable, listGroup, sendSignal } from "./process-table.ts";

/** The variable every process of a sandbox inherits; its value is the sandbox's id. */
export const SANDBOX_VARIABLE = "GRAINCHAIN_SANDBOX";

const POLL_MS = 50;
const MAX_KILL_ROUNDS = 20;

/** Groups that run now, for `killLiveGroups`. */
const liveGroups = new Set<number>();

/** Notes a group as running; call the returned function when it has ended. */
export function trackGroup(groupId: number): () => void {
  liveGroups.add(groupId);
  return () => liveGroups.delete(groupId);
}

/** Kills every running group at once, without waiting: the last thing a dying program can do. */
export function killLiveGroups(): void {
  for (const groupId of liveGroups) sendSignal(-groupId, "SIGKILL");
}

/** Asks a group and its descendants to stop, and waits until they have, or until the grace is over. */
export async function terminateGroup(groupId: number, sandboxId: string, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  const members = await listGroup(groupId);
  const strays = new Set(findPidsByVariable(SANDBOX_VARIABLE, sandboxId));
  for (const entry of members) strays.add(entry.pid);
  // Once each: a second SIGTERM makes many programs give up their own cleanup.
  for (const entry of members) if (entry.groupId === groupId) strays.delete(entry.pid);
  sendSignal(-groupId, "SIGTERM");
  for (const pid of strays) sendSignal(pid, "SIGTERM");
  while (performance.now() < deadline && (await listGroup(groupId)).length > 0) await sleep(POLL_MS);
}

/** Kills what is left of a group, its descendants, and whatever of the sandbox has left the group. */
export async function killGroup(groupId: number, sandboxId: string): Promise<void> {
  const members = await listGroup(groupId);
  sendSignal(-groupId, "SIGKILL");
  for (const entry of members) sendSignal(entry.pid, "SIGKILL");
  await killSandboxProcesses(sandboxId);
}

/** Kills every process that carries the sandbox's id; repeated, since one may fork while it is looked for. */
export async function killSandboxProcesses(sandboxId: string): Promise<void> {
  for (let round = 0; round < MAX_KILL_ROUNDS; round += 1) {
    const pids = findPidsByVariable(SANDBOX_VARIABLE, sandboxId);
    if (pids.length === 0) return;
    for (const pid of pids) sendSignal(pid, "SIGKILL");
    await sleep(POLL_MS / 5);
  }
}
