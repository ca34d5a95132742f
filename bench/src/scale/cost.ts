/** What a month costs. Pure: counted operations and a load come in, dollars by product come out. */
import { sum } from "../statistics.ts";
import { ANALYTICS_POINTS, D1, DURABLE_OBJECTS, priceOf, QUEUES, R2, WORKERS } from "./limits.ts";

/** What one delivery makes the platform do, from its arrival to its last report; and how the tables name it. */
export const OPERATIONS = {
  requests: "requests to the producer",
  invocations: "invocations of the consumer",
  messages: "queue messages",
  rowsRead: "D1 rows read",
  rowsWritten: "D1 rows written",
  rowsDeleted: "D1 rows written by retention",
  roundTrips: "D1 round trips",
  d1Ms: "D1's time, ms (the local one)",
  storedBytes: "bytes stored",
  grainchainCalls: "calls of Grainchain",
  githubCalls: "calls of GitHub",
  githubCreates: "of them: check runs created",
  budgetCalls: "calls of the budget object",
  dataPoints: "data points",
  cpuMs: "CPU, ms, with the benchmark's own (Node)",
} as const;
export type Operations = Readonly<Record<keyof typeof OPERATIONS, number>>;

const KEYS = Object.keys(OPERATIONS) as readonly (keyof Operations)[];
const each = (value: (key: keyof Operations) => number): Operations =>
  Object.fromEntries(KEYS.map((key) => [key, value(key)])) as unknown as Operations;

export const NOTHING: Operations = each(() => 0);
/** A delivery of which nothing is kept: the producer answers, and writes a data point. */
const IGNORED: Operations = { ...NOTHING, requests: 1, dataPoints: 1 };

/** A delivery starts a validation, or it is only recorded. */
export interface Measured {
  readonly validated: Operations;
  readonly noted: Operations;
}

/** Shares of all deliveries. The others are ignored. */
export interface Mix {
  readonly validated: number;
  readonly noted: number;
}

export interface Load {
  readonly name: string;
  readonly deliveriesPerMonth: number;
  readonly mix: Mix;
  readonly validationsDays: number;
  readonly deliveriesDays: number;
  readonly archiveDays: number;
  /** Of a validation's results, in bytes. Beyond what D1 takes, they are in R2, and D1 has a digest. */
  readonly resultsBytes: number;
}

/** Larger results are in R2; the digest of a run that passed is about so large (docs/decisions/0020-archive.md). */
const MAX_IN_D1_BYTES = 8 * 1024;
const DIGEST_BYTES = 1_000;
/** What the counted validations have. */
const COUNTED_RESULTS_BYTES = 1_000;
/** Results stay in R2 for so much longer than their validation in D1. */
const RESULTS_SLACK_DAYS = 14;

const DAYS = 30;
/** With nothing to do, each reads some fifty rows: no cost to speak of. */
const CRONS_A_MONTH = DAYS * 24 * 60;
/** The Durable Object is awake for about so long a call (an assumption). */
const BUDGET_SECONDS = 0.01;

/** Operations of an average delivery. */
export const average = ({ validated, noted }: Measured, mix: Mix): Operations =>
  each(
    (key) =>
      validated[key] * mix.validated +
      noted[key] * mix.noted +
      IGNORED[key] * (1 - mix.validated - mix.noted),
  );

const isLarge = ({ resultsBytes }: Load): boolean => resultsBytes > MAX_IN_D1_BYTES;

/** What one validation takes of D1. */
const validationBytes = ({ storedBytes }: Operations, load: Load): number =>
  storedBytes - COUNTED_RESULTS_BYTES + (isLarge(load) ? DIGEST_BYTES : load.resultsBytes);

/** What the database holds once retention deletes as much as comes in. */
export function retainedGb({ validated, noted }: Measured, load: Load): number {
  const perDay = load.deliveriesPerMonth / DAYS;
  const bytes =
    load.mix.validated * validationBytes(validated, load) * load.validationsDays +
    load.mix.noted * noted.storedBytes * load.deliveriesDays;
  return (perDay * bytes) / 1e9;
}

/** What the archive does in a month: each validation is written once, and its large results once more and read once. */
export function archiveOf({ validated }: Measured, load: Load) {
  const validations = load.deliveriesPerMonth * load.mix.validated;
  const large = isLarge(load) ? validations : 0;
  const days =
    (validated.storedBytes - COUNTED_RESULTS_BYTES + load.resultsBytes) * load.archiveDays +
    (isLarge(load) ? load.resultsBytes * (load.validationsDays + RESULTS_SLACK_DAYS) : 0);
  return { writes: validations + large, reads: large, storedGb: (validations * days) / DAYS / 1e9 };
}

/** Dollars a month, by product. */
export function costOf(measured: Measured, load: Load) {
  const deliveries = load.deliveriesPerMonth;
  const one = average(measured, load.mix);
  const requests = deliveries * (one.requests + one.invocations) + CRONS_A_MONTH;
  const budgetCalls = deliveries * one.budgetCalls;
  const archive = archiveOf(measured, load);
  return {
    Workers:
      WORKERS.subscription +
      priceOf(WORKERS.requests, requests) +
      priceOf(WORKERS.cpuMs, deliveries * one.cpuMs),
    Queues: priceOf(QUEUES.operations, deliveries * one.messages * QUEUES.operationsPerMessage),
    "D1 rows written": priceOf(D1.rowsWritten, deliveries * (one.rowsWritten + one.rowsDeleted)),
    "D1 rows read": priceOf(D1.rowsRead, deliveries * one.rowsRead),
    "D1 storage": Math.max(0, retainedGb(measured, load) - D1.storageGb.included) * D1.storageGb.perGb,
    "R2 operations": priceOf(R2.writes, archive.writes) + priceOf(R2.reads, archive.reads),
    "R2 storage": Math.max(0, archive.storedGb - R2.storageGb.included) * R2.storageGb.perGb,
    "Durable Objects":
      priceOf(DURABLE_OBJECTS.requests, budgetCalls) +
      priceOf(DURABLE_OBJECTS.rowsWritten, budgetCalls) +
      priceOf(DURABLE_OBJECTS.gbSeconds, budgetCalls * BUDGET_SECONDS * DURABLE_OBJECTS.memoryGb),
    "Analytics Engine": priceOf(ANALYTICS_POINTS, deliveries * one.dataPoints),
  };
}
export type Cost = ReturnType<typeof costOf>;

export const totalOf = (cost: Cost): number => sum(Object.values(cost));
