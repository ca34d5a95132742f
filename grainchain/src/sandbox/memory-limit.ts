import { setTimeout as sleep } from "node:timers/promises";
import { listGroup } from "./process-table.ts";

const SAMPLE_MS = 200;

/**
 * Resolves once a process group uses more memory than its limit; never, once `signal` is aborted.
 * @param maxBytes 0 means no limit
 * @returns the bytes in use
 */
export async function waitUntilOverLimit(
  groupId: number,
  maxBytes: number,
  signal: AbortSignal,
): Promise<number> {
  while (maxBytes > 0 && !signal.aborted) {
    await sleep(SAMPLE_MS);
    const usedBytes = (await listGroup(groupId)).reduce((sum, entry) => sum + entry.residentBytes(), 0);
    if (usedBytes > maxBytes) return usedBytes;
  }
  return new Promise(() => {});
}
