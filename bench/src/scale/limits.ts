/**
 * What the platform allows and asks for. Each figure was read in the vendor's documentation in the month that it names;
 * prices are list prices of the Workers Paid plan, in US dollars a month.
 */

/** What is included, and the price of what goes beyond it. */
export interface Price {
  readonly included: number;
  readonly perMillion: number;
}

/** Workers, "Pricing" (2026-11). Subrequests are not billed. Invocations by queues and cron are counted as requests here. */
export const WORKERS = {
  subscription: 5,
  requests: { included: 10e6, perMillion: 0.3 },
  cpuMs: { included: 30e6, perMillion: 0.02 },
  /** A Worker holds so many connections open at once ("Limits", 2026-11). */
  connectionsAtOnce: 6,
  /** D1 takes so many queries of one invocation (D1, "Limits", 2026-11): less than the Workers' own limit. */
  queriesPerInvocation: 1_000,
} as const;

/** Queues, "Pricing" and "Limits" (2026-11). A message is written, read and deleted; each 64 KB is an operation. */
export const QUEUES = {
  operations: { included: 1e6, perMillion: 0.4 },
  operationsPerMessage: 3,
  messagesPerSecond: 5_000,
  /** The platform allows 250; the events queue is configured for 10, the work queue for 5. */
  concurrentConsumers: 250,
  eventsConsumers: 10,
  workConsumers: 5,
  batch: 100,
  queuesPerAccount: 10_000,
} as const;

/** D1, "Pricing" and "Limits" (2026-11). A database works through one query at a time. */
export const D1 = {
  rowsRead: { included: 25e9, perMillion: 0.001 },
  rowsWritten: { included: 50e6, perMillion: 1 },
  storageGb: { included: 5, perGb: 0.75 },
  /** Cannot be raised. */
  databaseBytes: 10e9,
  /** Can be raised on request. */
  accountBytes: 1e12,
  databasesPerAccount: 50_000,
} as const;

/** Durable Objects, "Pricing" (2026-11): each call is a request; SQLite storage is billed as D1 is. */
export const DURABLE_OBJECTS = {
  requests: { included: 1e6, perMillion: 0.15 },
  gbSeconds: { included: 400_000, perMillion: 12.5 },
  rowsWritten: { included: 50e6, perMillion: 1 },
  /** Memory that is billed, in GB. */
  memoryGb: 0.128,
  requestsPerSecond: 1_000,
} as const;

/** R2, "Pricing" (2026-11). */
export const R2 = {
  storageGb: { included: 10, perGb: 0.015 },
  classA: { included: 1e6, perMillion: 4.5 },
} as const;

/** Workers Analytics Engine, "Pricing" (2026-11): announced, and not charged for when it was read. */
export const ANALYTICS_ENGINE = { points: { included: 10e6, perMillion: 0.25 } } as const;

/** GitHub, "Rate limits for the REST API" and "Rate limits for GitHub Apps" (2026-11), for each installation. */
export const GITHUB = {
  /** Of an organisation on Enterprise Cloud; others have 5,000 to 12,500. */
  requestsPerHour: 15_000,
  createsPerMinute: 80,
  createsPerHour: 500,
  /** A write costs 5 points, a read 1. */
  pointsPerMinute: 900,
  pointsPerWrite: 5,
} as const;

export const SECONDS_A_MONTH = 30 * 24 * 3600;

/** What so much of something costs. */
export const priceOf = ({ included, perMillion }: Price, used: number): number =>
  (Math.max(0, used - included) / 1e6) * perMillion;
