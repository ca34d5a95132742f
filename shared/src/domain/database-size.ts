/** What a D1 database can hold, in bytes (https://developers.cloudflare.com/d1/platform/limits/). */
export const MAX_DATABASE_BYTES = 10_000_000_000;

/** Beyond this, in percent, it keeps a digest of results, and the archive has the whole. */
const ARCHIVED_EARLY_PERCENT = 50;

/** Beyond these, in percent, the size is alerted on. */
export const FILLING_PERCENT = 70;
export const FULL_PERCENT = 90;

/** Beyond this, it has no room for anything. */
export const NO_ROOM_PERCENT = 99;

/** Beyond this, it keeps less than the configuration says; below the other, more again. */
export const SHORTENED_PERCENT = 80;
export const RELAXED_PERCENT = 75;

/** How full a database is, in percent of what it can hold. */
export const fullPercent = (bytes: number): number => (bytes / MAX_DATABASE_BYTES) * 100;

/** Whether results make room. A full one takes deletions only. */
export const archivesEarly = (bytes: number): boolean =>
  fullPercent(bytes) > ARCHIVED_EARLY_PERCENT && fullPercent(bytes) < NO_ROOM_PERCENT;

/** A size in words: `7.1 of 10 GB, 71 %`. */
export const databaseSizeText = (bytes: number): string =>
  `${gigabytes(bytes)} of ${MAX_DATABASE_BYTES / GB} GB, ${Math.floor(fullPercent(bytes))} %`;

const GB = 1_000_000_000;

/** Small ones keep a digit that is not 0. */
const gigabytes = (bytes: number): string => (bytes / GB).toFixed(bytes < GB ? 3 : 1);
