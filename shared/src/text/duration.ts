/** Durations and relative times as people read them. */
import prettyMilliseconds from "pretty-ms";

const SECOND_MS = 1000;
const TWO_DAYS_MS = 2 * 86_400_000;

/** In at most two units: `850ms`, `4.2s`, `3m 12s`, `2h 5m`, `3d 4h`. */
export const durationText = (ms: number): string =>
  prettyMilliseconds(Math.max(ms, 0), { unitCount: 2, hideYear: true });

/** In one unit: `0s`, `42s`, `3m`, `30h`, `5d`. */
export function ageText(ms: number): string {
  if (ms < SECOND_MS) return "0s";
  return prettyMilliseconds(ms, { compact: true, hideYear: true, hideYearAndDays: ms < TWO_DAYS_MS });
}

/** `42s ago`, `in 20s`, `just now`. */
export function relativeText(atMs: number, nowMs: number): string {
  const span = Math.abs(nowMs - atMs);
  if (span < SECOND_MS) return "just now";
  return atMs > nowMs ? `in ${ageText(span)}` : `${ageText(span)} ago`;
}

/** Between two times; undefined if one is not known. */
export function spanMs(from: string | null, to: string | null): number | undefined {
  if (from === null || to === null) return undefined;
  const span = Date.parse(to) - Date.parse(from);
  return Number.isNaN(span) ? undefined : Math.max(span, 0);
}
