/** Moments as they are typed: `6h` ago, or a date and time. */
import parseDuration from "parse-duration";

const DURATION = /^(?:\d{1,6}[smhdw])+$/;
const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * Reads a moment: a duration before now (`30m`, `6h`, `2d`, `1h30m`), or ISO 8601, in UTC unless it names a zone.
 * @returns ISO 8601, UTC, with milliseconds; undefined if it is neither
 */
export function parseMoment(text: string, now: Date): string | undefined {
  const span = parseSpanMs(text);
  const ms = span === undefined ? isoMs(text) : now.getTime() - span;
  return ms === undefined || Number.isNaN(ms) || ms < 0 ? undefined : new Date(ms).toISOString();
}

/** Reads a time span such as `30m`, `6h` or `1h30m`. */
export const parseSpanMs = (text: string): number | undefined =>
  DURATION.test(text) ? (parseDuration(text) ?? Number.NaN) : undefined;

function isoMs(text: string): number | undefined {
  const [, date = "", time = "00:00", zone = "Z"] = ISO.exec(text) ?? [];
  // `Date` takes a day that the month does not have for one of the next month.
  const day = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== date) return undefined;
  return Date.parse(`${date}T${time}${zone.toUpperCase()}`);
}
