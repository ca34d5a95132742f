/**
 * Whether D1 itself is at fault, and not what was asked of it or this code (the client's prefixes and the messages
 * that D1's documentation lists as passing, 2026-11).
 */
export function isUnavailable(thrown: unknown): boolean {
  const message = thrown instanceof Error ? thrown.message : "";
  if (/constraint failed|datatype mismatch|malformed JSON|too big|cannot store/i.test(message)) return false;
  return /D1_|D1 DB|Network connection lost|storage|reset|overloaded|timeout|limit/i.test(message);
}
