/** Beyond four digits a year no longer sorts as text. */
const YEAR_10000_MS = 253_402_300_800_000;

/** A time as `Date.prototype.toISOString` writes it; null outside the years 1970 to 9999, and for NaN. */
export function utcTime(ms: number): string | null {
  return ms >= 0 && ms < YEAR_10000_MS ? new Date(ms).toISOString() : null;
}

/** GitHub's. Every month has a 28th: whether there is a later day is for `Date.parse` to say. */
const UTC_SECONDS = /^(?:19[7-9]|[2-9]\d\d)\d-\d\d-(?:[01]\d|2[0-8])T\d\d:\d\d:\d\dZ$/;

/** A timestamp as `Date.prototype.toISOString` writes it, for which that takes a hundred times as long. */
export const canonicalTime = (given: string): string | null =>
  UTC_SECONDS.test(given) ? `${given.slice(0, -1)}.000Z` : utcTime(Date.parse(given));

/** A time that somebody else wrote, in UTC if it has no zone; null if it is not a time. */
export function parseTime(given: unknown): string | null {
  // `Date.parse` alone finds a time in "step 3".
  if (typeof given !== "string" || !/^\d{4}-\d\d-\d\d[T ]\d\d:/i.test(given)) return null;
  const zoned = /(?:[zZ]|[+-]\d{2}:?\d{2})$/.test(given) ? given : `${given}Z`;
  return utcTime(Date.parse(zoned));
}
