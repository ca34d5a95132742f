import { setTimeout as sleep } from "node:timers/promises";
import { findPidsByVariable, listGroup, sendSignal } from "./process-table.ts";

/** The variable that every process of a sandbox inherits; its value is the sandbox's id. */
export const SANDBOX_VARIABLE = "GRAINCHAIN_SANDBOX";

const POLL_MS = 50;
const MAX_KILL_ROUNDS = 20;

/** The groups that are running, for `killLiveGroups`. */
const liveGroups = new Set<number>();

/** Registers a running group; call the returned function when it has ended. */
export function trackGroup(groupId: number): () => void {
  liveGroups.add(groupId);
  return () => liveGroups.delete(groupId);
}

/** Kills every running group without waiting: the last thing that an exiting program can do. */
export function killLiveGroups(): void {
  for (const groupId of liveGroups) sendSignal(-groupId, "SIGKILL");
}

/** Asks a group and its descendants to stop, and waits until they have or the grace period is over. */
export async function terminateGroup(
  groupId: number,
  { sandboxId, isSupervised = false }: { sandboxId: string; isSupervised?: boolean },
  graceMs: number,
): Promise<void> {
  const deadline = performance.now() + graceMs;
  const members = await listGroup(groupId);
  const pids = new Set([
    ...members.map(({ pid }) => pid),
    ...findPidsByVariable(SANDBOX_VARIABLE, sandboxId),
  ]);
  // Only once each: a second SIGTERM makes many programs abandon their own cleanup.
  if (isSupervised) pids.delete(groupId);
  else {
    for (const entry of members) if (entry.groupId === groupId) pids.delete(entry.pid);
    sendSignal(-groupId, "SIGTERM");
  }
  for (const pid of pids) sendSignal(pid, "SIGTERM");
  while (performance.now() < deadline && (await listGroup(groupId)).length > 0) await sleep(POLL_MS);
}

/** Kills what is left of a group, its descendants, and processes of the sandbox that have left the group. */
export async function killGroup(
  groupId: number,
  { sandboxId, isSupervised = false }: { sandboxId: string; isSupervised?: boolean },
): Promise<void> {
  // The kernel ends all that a supervisor has started. Process ids read before may be another's by now.
  if (isSupervised) return sendSignal(-groupId, "SIGKILL");
  const members = await listGroup(groupId);
  sendSignal(-groupId, "SIGKILL");
  for (const entry of members) sendSignal(entry.pid, "SIGKILL");
  await killSandboxProcesses(sandboxId);
}

/** Kills every process with the sandbox's id. Repeated, since one may fork during the search. */
export async function killSandboxProcesses(sandboxId: string): Promise<void> {
  for (let round = 0; round < MAX_KILL_ROUNDS; round += 1) {
    const pids = findPidsByVariable(SANDBOX_VARIABLE, sandboxId);
    if (pids.length === 0) return;
    for (const pid of pids) sendSignal(pid, "SIGKILL");
    await sleep(POLL_MS / 5);
  }
}
