/** Beyond four digits a year no longer sorts as text. */
const YEAR_10000_MS = 253_402_300_800_000;

/** A time as `Date.prototype.toISOString` writes it; null outside the years 1970 to 9999, and for NaN. */
export function utcTime(ms: number): string | null {
  return ms >= 0 && ms < YEAR_10000_MS ? new Date(ms).toISOString() : null;
}

/** A time that somebody else wrote, in UTC if it has no zone; null if it is not a time. */
export function parseTime(given: unknown): string | null {
  // `Date.parse` alone finds a time in "step 3".
  if (typeof given !== "string" || !/^\d{4}-\d\d-\d\d[T ]\d\d:/i.test(given)) return null;
  const zoned = /(?:[zZ]|[+-]\d{2}:?\d{2})$/.test(given) ? given : `${given}Z`;
  return utcTime(Date.parse(zoned));
}
