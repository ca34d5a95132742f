/** Times as they are shown. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A time span in a person's units, to two of them: `850 ms`, `12.3 s`, `4m 05s`, `3h 12m`, `2d 04h`. */
export function spanText(ms: number): string {
  const span = Math.max(Math.round(ms), 0);
  if (span < SECOND) return `${span} ms`;
  if (span < MINUTE) return `${(Math.floor(span / 100) / 10).toFixed(1)} s`;
  if (span < HOUR) return two(span, MINUTE, "m", SECOND, "s");
  return span < DAY ? two(span, HOUR, "h", MINUTE, "m") : two(span, DAY, "d", HOUR, "h");
}

const two = (span: number, large: number, largeUnit: string, small: number, smallUnit: string): string => {
  const rest = String(Math.floor((span % large) / small)).padStart(2, "0");
  return `${Math.floor(span / large)}${largeUnit} ${rest}${smallUnit}`;
};

/** How long ago a time is, in one unit: `12s`, `3m`, `5h`, `2d`; a dash for none. */
export function ageText(at: string | null, now: Date): string {
  if (at === null) return "-";
  const age = Math.max(now.getTime() - Date.parse(at), 0);
  if (age < MINUTE) return `${Math.floor(age / SECOND)}s`;
  if (age < HOUR) return `${Math.floor(age / MINUTE)}m`;
  return age < 2 * DAY ? `${Math.floor(age / HOUR)}h` : `${Math.floor(age / DAY)}d`;
}

/** `2026-11-24 00:08:19Z`; a dash for none. */
export const utcText = (at: string | null): string =>
  at === null ? "-" : `${at.slice(0, 10)} ${at.slice(11, 19)}Z`;

/** `11-24 00:08:19.123`, for steps that follow each other quickly. */
export const momentText = (at: string): string => `${at.slice(5, 10)} ${at.slice(11, 23)}`;

/** A time with how long ago it is. */
export const utcAndAgeText = (at: string | null, now: Date): string =>
  at === null ? "-" : `${utcText(at)} (${ageText(at, now)} ago)`;
