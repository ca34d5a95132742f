/**
 * What the platform allows and what it asks for. Each figure was read in the vendor's documentation in 2026-11, on the
 * page that is named. Prices are list prices of the Workers Paid plan, in US dollars a month.
 */

/** What is included, and the price of what goes beyond it. */
export interface Price {
  readonly included: number;
  readonly perMillion: number;
}

/** Workers, "Pricing". Invocations by queues and cron count as requests here; subrequests are not billed. */
export const WORKERS = {
  subscription: 5,
  requests: { included: 10e6, perMillion: 0.3 },
  cpuMs: { included: 30e6, perMillion: 0.02 },
};

/**
 * Queues, "Pricing" and "Limits". A message is written, read and deleted; each 64 KB is an operation. Consumers are as
 * configured (`max_concurrency`); the platform allows 250.
 */
export const QUEUES = {
  operations: { included: 1e6, perMillion: 0.4 },
  operationsPerMessage: 3,
  messagesPerSecond: 5_000,
  batch: 100,
  eventsConsumers: 3,
  workConsumers: 5,
};

/** D1, "Pricing" and "Limits". A database works through one query at a time. Its size cannot be raised. */
export const D1 = {
  rowsRead: { included: 25e9, perMillion: 0.001 },
  rowsWritten: { included: 50e6, perMillion: 1 },
  storageGb: { included: 5, perGb: 0.75 },
  databaseGb: 10,
};

/** R2, "Pricing": standard storage. A write is a class A operation, a read one of class B. */
export const R2 = {
  writes: { included: 1e6, perMillion: 4.5 },
  reads: { included: 10e6, perMillion: 0.36 },
  storageGb: { included: 10, perGb: 0.015 },
};

/** Durable Objects, "Pricing". Each call is a request; SQLite storage is billed as D1 is. `memoryGb` is what is billed. */
export const DURABLE_OBJECTS = {
  requests: { included: 1e6, perMillion: 0.15 },
  gbSeconds: { included: 400_000, perMillion: 12.5 },
  rowsWritten: { included: 50e6, perMillion: 1 },
  memoryGb: 0.128,
};

/** Workers Analytics Engine, "Pricing": announced, and not charged for when it was read. */
export const ANALYTICS_POINTS = { included: 10e6, perMillion: 0.25 };

/**
 * GitHub, "Rate limits for the REST API" and "Rate limits for GitHub Apps", for each installation. The requests are those
 * of an organization on Enterprise Cloud; others have 5,000 to 12,500.
 */
export const GITHUB = { requestsPerHour: 15_000, createsPerHour: 500 };

/** What so much of something costs. */
export const priceOf = ({ included, perMillion }: Price, used: number): number =>
  (Math.max(0, used - included) / 1e6) * perMillion;
