/** What a D1 database can hold, in bytes (https://developers.cloudflare.com/d1/platform/limits/). */
export const MAX_DATABASE_BYTES = 10_000_000_000;
