/** The last 24 hours without gaps: hours without a validation are not stored. */
import type { HourItem, Overview } from "@webhook-gateway/shared/api/overview.ts";

const HOUR_MS = 3_600_000;
const HOURS = 24;

export interface Hour extends HourItem {
  /** Neither passed, nor failed, nor broken: live, cancelled or superseded. */
  readonly other: number;
}

/** Oldest first. The last hour is not over yet. */
export function hoursOf(overview: Pick<Overview, "hours" | "timestamp">): Hour[] {
  const last = Math.floor(Date.parse(overview.timestamp) / HOUR_MS) * HOUR_MS;
  const known = new Map(overview.hours.map((item) => [Date.parse(item.hour), item]));
  return Array.from({ length: HOURS }, (_, index) => {
    const at = last - (HOURS - 1 - index) * HOUR_MS;
    const item = known.get(at) ?? emptyHour(new Date(at).toISOString());
    const other = Math.max(item.validations - item.succeeded - item.failed_checks - item.broken, 0);
    return { ...item, other };
  });
}

const emptyHour = (hour: string): HourItem => ({
  hour,
  validations: 0,
  succeeded: 0,
  failed_checks: 0,
  broken: 0,
  p50_ms: null,
  p95_ms: null,
  p99_ms: null,
});
