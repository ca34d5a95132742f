/** Moments as they are typed: `6h` ago, or a date and time. */

const DURATION = /^(?:\d{1,6}[smhdw])+$/;
const MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};
const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * Reads a moment: a duration before now (`30m`, `6h`, `2d`, `1h30m`), or ISO 8601, in UTC where no zone is named.
 * @returns ISO 8601, UTC, with milliseconds; undefined where it is neither
 */
export function parseMoment(text: string, now: Date): string | undefined {
  const ms = DURATION.test(text) ? now.getTime() - durationMs(text) : isoMs(text);
  return ms === undefined || Number.isNaN(ms) || ms < 0 ? undefined : new Date(ms).toISOString();
}

const durationMs = (text: string): number =>
  [...text.matchAll(/(\d+)([smhdw])/g)].reduce(
    (sum, [, count, unit = ""]) => sum + Number(count) * (MS[unit] ?? 0),
    0,
  );

function isoMs(text: string): number | undefined {
  const [, date = "", time = "00:00", zone = "Z"] = ISO.exec(text) ?? [];
  // A day that the month does not have would be taken for one of the next.
  const day = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== date) return undefined;
  return Date.parse(`${date}T${time}${zone.toUpperCase()}`);
}
