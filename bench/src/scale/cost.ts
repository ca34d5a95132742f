/** What a month costs. Pure: measured operations and a load come in, dollars by product come out. */
import {
  ANALYTICS_ENGINE,
  D1,
  DURABLE_OBJECTS,
  priceOf,
  QUEUES,
  R2,
  SECONDS_A_MONTH,
  WORKERS,
} from "./limits.ts";

/** What one delivery makes the platform do, from its arrival to its last report. */
export interface Operations {
  /** Requests to the producer: the delivery and the callbacks about its validation. */
  readonly requests: number;
  /** Invocations of the consumer by its queues. */
  readonly invocations: number;
  readonly messages: number;
  readonly cpuMs: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  /** Written once more by retention, when it deletes what came of it. */
  readonly rowsDeleted: number;
  /** D1's own time. */
  readonly d1Ms: number;
  readonly roundTrips: number;
  readonly storedBytes: number;
  readonly grainchainCalls: number;
  readonly githubCalls: number;
  readonly githubCreates: number;
  readonly budgetCalls: number;
  readonly dataPoints: number;
}

/** A delivery starts a validation, or it is only recorded, or nothing of it is kept. */
export interface Measured {
  readonly validated: Operations;
  readonly noted: Operations;
  readonly ignored: Operations;
  /** Of one cron with nothing to do. */
  readonly cron: Pick<Operations, "rowsRead" | "rowsWritten">;
}

export interface Mix {
  readonly validated: number;
  readonly noted: number;
  readonly ignored: number;
}

export interface Load {
  readonly name: string;
  readonly deliveriesPerSecond: number;
  readonly mix: Mix;
  readonly validationsDays: number;
  readonly deliveriesDays: number;
  /** Whether what retention deletes is kept in R2, for a year. */
  readonly archive: boolean;
  /** Installations of the GitHub App that the load is spread over. */
  readonly installations: number;
  /** Databases, each with crons of its own. */
  readonly shards: number;
}

export const PRODUCTS = [
  "Workers",
  "Queues",
  "D1 rows written",
  "D1 rows read",
  "D1 storage",
  "Durable Objects",
  "Analytics Engine",
  "R2",
] as const;
export type Product = (typeof PRODUCTS)[number];

const CRONS_A_MONTH = 30 * 24 * 60;
const DAY_SECONDS = 24 * 3600;
/** Of what is archived: text of this kind compresses to about a fifth (an assumption). */
const ARCHIVED_SHARE = 0.2;
/** Rows of one archive object. */
const ARCHIVED_ROWS = 1_000;
const ARCHIVE_MONTHS = 12;
/** The Durable Object is awake for about so long a call (an assumption). */
const BUDGET_SECONDS = 0.01;

/** Operations of an average delivery. */
export function average({ validated, noted, ignored }: Measured, mix: Mix): Operations {
  const keys = Object.keys(validated) as (keyof Operations)[];
  const mixed = keys.map((key) => [
    key,
    validated[key] * mix.validated + noted[key] * mix.noted + ignored[key] * mix.ignored,
  ]);
  return Object.fromEntries(mixed) as unknown as Operations;
}

/** Bytes in all databases once retention deletes as much as comes. */
export function retainedBytes(measured: Measured, load: Load): number {
  const perDay = load.deliveriesPerSecond * DAY_SECONDS;
  return (
    perDay * load.mix.validated * measured.validated.storedBytes * load.validationsDays +
    perDay * load.mix.noted * measured.noted.storedBytes * load.deliveriesDays
  );
}

/** Dollars a month, by product. */
export function costOf(measured: Measured, load: Load): Readonly<Record<Product, number>> {
  const deliveries = load.deliveriesPerSecond * SECONDS_A_MONTH;
  const one = average(measured, load.mix);
  const crons = CRONS_A_MONTH * load.shards;
  const requests = deliveries * (one.requests + one.invocations) + crons;
  const rowsWritten = deliveries * (one.rowsWritten + one.rowsDeleted) + crons * measured.cron.rowsWritten;
  const gigabytes = retainedBytes(measured, load) / 1e9;
  return {
    Workers:
      WORKERS.subscription +
      priceOf(WORKERS.requests, requests) +
      priceOf(WORKERS.cpuMs, deliveries * one.cpuMs),
    Queues: priceOf(QUEUES.operations, deliveries * one.messages * QUEUES.operationsPerMessage),
    "D1 rows written": priceOf(D1.rowsWritten, rowsWritten),
    "D1 rows read": priceOf(D1.rowsRead, deliveries * one.rowsRead + crons * measured.cron.rowsRead),
    "D1 storage": Math.max(0, gigabytes - D1.storageGb.included) * D1.storageGb.perGb,
    "Durable Objects":
      priceOf(DURABLE_OBJECTS.requests, deliveries * one.budgetCalls) +
      priceOf(DURABLE_OBJECTS.rowsWritten, deliveries * one.budgetCalls) +
      priceOf(
        DURABLE_OBJECTS.gbSeconds,
        deliveries * one.budgetCalls * BUDGET_SECONDS * DURABLE_OBJECTS.memoryGb,
      ),
    "Analytics Engine": priceOf(ANALYTICS_ENGINE.points, deliveries * one.dataPoints),
    R2: load.archive ? archiveCost(measured, load, deliveries) : 0,
  };
}

function archiveCost(measured: Measured, load: Load, deliveries: number): number {
  const validations = deliveries * load.mix.validated;
  const gigabytes = (validations * measured.validated.storedBytes * ARCHIVED_SHARE * ARCHIVE_MONTHS) / 1e9;
  return (
    Math.max(0, gigabytes - R2.storageGb.included) * R2.storageGb.perGb +
    priceOf(R2.classA, validations / ARCHIVED_ROWS)
  );
}

export const totalOf = (cost: Readonly<Record<Product, number>>): number =>
  PRODUCTS.reduce((sum, product) => sum + cost[product], 0);
