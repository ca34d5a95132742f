import { plainText } from "../output/plain-text.ts";

/** Why `fetch` had no answer, in brackets: ` (ECONNREFUSED)`; empty where it is not said. */
export function unreachableReason(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  if (!(cause instanceof Error)) return "";
  return ` (${"code" in cause ? String(cause.code) : plainText(cause.message)})`;
}
