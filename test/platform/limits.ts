/** What Cloudflare allows on Workers Paid, and what it says beyond that. Local tools enforce almost none of it. */

export const LIMITS = {
  /** https://developers.cloudflare.com/analytics/analytics-engine/limits/ */
  dataPoints: 250,
  /** Of all blobs of a point together, and of its index, in bytes (same page). */
  blobBytes: 16_384,
  indexBytes: 96,
  /** D1 queries an invocation; each statement of a batch is one (https://developers.cloudflare.com/d1/platform/limits/). */
  queries: 1000,
  /** Of one statement (same page). */
  boundParameters: 100,
  sqlBytes: 100_000,
  /** Of a string, a blob, or a row (same page). */
  valueBytes: 2_000_000,
  statementMs: 30_000,
  /** About what a statement can read in its time (https://developers.cloudflare.com/d1/platform/limits/#how-much-work-can-a-d1-database-do). */
  rowsRead: 10_000_000,
  databaseBytes: 10_000_000_000,
  /** Waiting for an answer at once (https://developers.cloudflare.com/workers/platform/limits/#simultaneous-open-connections). */
  connections: 6,
  /** Of a queue consumer or a cron (https://developers.cloudflare.com/workers/platform/limits/#duration). */
  wallMs: 15 * 60_000,
  /** https://developers.cloudflare.com/queues/platform/limits/ */
  messageBytes: 128_000,
  /** What the queue adds to a message (same page). */
  messageMetadataBytes: 100,
  batchMessages: 100,
  batchBytes: 256_000,
  delaySeconds: 86_400,
} as const;

export type Limits = { readonly [Name in keyof typeof LIMITS]: number };

/**
 * The platform's own words, those of D1 from https://developers.cloudflare.com/d1/observability/debug-d1/.
 */
export const ERRORS = {
  dataPoints: "Analytics Engine write limit exceeded.",
  subrequests: "Too many API requests by single Worker invocation.",
  queries: "D1_ERROR: Too many API requests by single Worker invocation.",
  boundParameters: "D1_ERROR: too many SQL variables at offset 0: SQLITE_ERROR",
  sqlBytes: "D1_ERROR: statement too long: SQLITE_TOOBIG",
  valueBytes: "D1_ERROR: string or blob too big: SQLITE_TOOBIG",
  statement: "D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.",
  reset: "D1_ERROR: Internal error in D1 DB storage caused object to be reset.",
  full: "D1_ERROR: Exceeded maximum DB size",
  away: "D1_ERROR: Network connection lost.",
} as const;
