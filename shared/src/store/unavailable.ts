import { ArchiveUnavailable } from "../archive/archive-unavailable.ts";

/**
 * Whether D1 or R2 itself is at fault, and not the query or this code: the client's prefixes, and the messages that are worth
 * a retry (https://developers.cloudflare.com/d1/observability/debug-d1/).
 */
export function isUnavailable(thrown: unknown): boolean {
  if (thrown instanceof ArchiveUnavailable) return true;
  const message = thrown instanceof Error ? thrown.message : "";
  if (/constraint failed|datatype mismatch|malformed JSON|too big|cannot store/i.test(message)) return false;
  return /D1_|D1 DB|Network connection lost|storage|reset|overloaded|timeout|limit/i.test(message);
}

/** Whether the database has no room left. It can still be read, and rows can be deleted. */
export const isFull = (thrown: unknown): boolean =>
  thrown instanceof Error && /maximum DB size|database or disk is full|SQLITE_FULL/i.test(thrown.message);

/** Whether to wait for D1. A query that took too much memory or CPU would again: it has to ask for less. */
export const isOutage = (thrown: unknown): boolean =>
  isUnavailable(thrown) && !(thrown instanceof Error && /memory limit|CPU time limit/i.test(thrown.message));
