import { setTimeout as sleep } from "node:timers/promises";
import { listGroup } from "./process-table.ts";

/** The limit of a validation that names none. */
export const DEFAULT_MAX_MEMORY_BYTES = 512 * 1024 ** 2;

const SAMPLE_MS = 200;
const UNIT_EXPONENTS: Readonly<Record<string, number>> = { "": 0, k: 1, m: 2, g: 3, t: 4 };

/**
 * Reads a memory limit such as "512MB", "1GB" or a plain number of bytes; units are powers of 1024.
 * 0 means no limit; undefined is returned for anything that is not a limit.
 */
export function parseMemoryLimit(limit: string | number): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(String(limit).trim());
  const exponent = UNIT_EXPONENTS[match?.[2]?.toLowerCase() ?? ""];
  if (match === null || exponent === undefined) return undefined;
  const bytes = Math.floor(Number(match[1]) * 1024 ** exponent);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A memory limit for people, such as "512 MiB". */
export function formatBytes(bytes: number): string {
  return bytes >= 1024 ** 2 ? `${Math.round(bytes / 1024 ** 2)} MiB` : `${bytes} bytes`;
}

/** Resolves with the bytes in use once a process group holds more than its limit; or never, after `signal`. */
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
