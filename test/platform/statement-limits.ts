/** What D1 refuses of a statement before it runs it. Pure. */
import { ERRORS, type Limits } from "./limits.ts";
import { isLarger } from "./size.ts";

/** A statement and what is bound to it. */
export interface Sent {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** @param full whether the database is full: it can still be read, and rows can be deleted */
export function refusalOf(limits: Limits, { sql, values }: Sent, full: boolean): string | undefined {
  if (isLarger(sql, limits.sqlBytes)) return ERRORS.sqlBytes;
  if (values.length > limits.boundParameters) return ERRORS.boundParameters;
  if (values.some((value) => isLarger(value, limits.valueBytes))) return ERRORS.valueBytes;
  if (full && GROWS.test(sql)) return ERRORS.full;
  return undefined;
}

/** What may need room (https://developers.cloudflare.com/durable-objects/platform/limits/). */
const GROWS =
  /\b(?:INSERT|REPLACE)\s+(?:OR\s+\w+\s+)?INTO\b|\bUPDATE\s+(?:OR\s+\w+\s+)?\w+\s+(?:AS\s+\w+\s+)?SET\b|\bCREATE\b|\bALTER\b/i;
