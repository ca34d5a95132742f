/** Beyond four digits a year no longer sorts as text. */
const YEAR_10000_MS = 253_402_300_800_000;

/** A time as `Date.prototype.toISOString` writes it; null outside the years 1970 to 9999, and for NaN. */
export function utcTime(ms: number): string | null {
  return ms >= 0 && ms < YEAR_10000_MS ? new Date(ms).toISOString() : null;
}
