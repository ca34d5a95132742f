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
  readonly kept: Kept;
}

/** The results of such a validation, in bytes. */
export const WHOLE_BYTES = 8_000;

/** What one validation takes, with everything related. */
export interface Kept {
  /** Of D1, with results of `WHOLE_BYTES`. */
  readonly wholeBytes: number;
  /** Of D1, with a digest of them. */
  readonly digestBytes: number;
  /** Of the archive, without the output of its steps. */
  readonly archivedBytes: number;
  /** To put the digest in their place. */
  readonly rowsWritten: number;
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

/** Larger results are in R2, and D1 has a digest (docs/decisions/0020-archive.md). */
const MAX_IN_D1_BYTES = 8 * 1024;
/** What the counted validations have. */
const COUNTED_RESULTS_BYTES = 1_000;
/** Of smaller ones, no digest is made. */
const MIN_MOVED_BYTES = 1_024;
/** A database that would be larger archives results when they are a day old. */
const EARLY_GB = 5;
const EARLY_DAYS = 1;
/** By which gzip divides the output of steps (an assumption: logs of test runs give 5 to 10). */
const COMPRESSION = 4;

const DAYS = 30;
/** With nothing to do, each reads some fifty rows: no cost to speak of. */
const CRONS_A_MONTH = DAYS * 24 * 60;
/** The Durable Object is awake for about so long a call (an assumption). */
const BUDGET_SECONDS = 0.01;

/** Operations of an average delivery. */
export const average = ({ validated, noted }: Omit<Measured, "kept">, mix: Mix): Operations =>
  each(
    (key) =>
      validated[key] * mix.validated +
      noted[key] * mix.noted +
      IGNORED[key] * (1 - mix.validated - mix.noted),
  );

const isLarge = ({ resultsBytes }: Load): boolean => resultsBytes > MAX_IN_D1_BYTES;

/** What one validation takes of D1 as it ended. */
function bytesAtEnd({ validated, kept }: Measured, load: Load): number {
  if (isLarge(load)) return kept.digestBytes;
  const share = (load.resultsBytes - COUNTED_RESULTS_BYTES) / (WHOLE_BYTES - COUNTED_RESULTS_BYTES);
  return validated.storedBytes + share * (kept.wholeBytes - validated.storedBytes);
}

/** What it takes of D1 once it was archived early. */
const bytesLater = (measured: Measured, load: Load): number =>
  isLarge(load) || load.resultsBytes < MIN_MOVED_BYTES
    ? bytesAtEnd(measured, load)
    : measured.kept.digestBytes;

/** What a day brings, in GB: validations as they ended, the same archived early, and all that is only recorded. */
function dayOf(measured: Measured, load: Load) {
  const perDay = load.deliveriesPerMonth / DAYS / 1e9;
  const validations = perDay * load.mix.validated;
  return {
    ended: validations * bytesAtEnd(measured, load),
    later: validations * bytesLater(measured, load),
    notedGb: perDay * load.mix.noted * measured.noted.storedBytes * load.deliveriesDays,
  };
}

/** What the database would hold if it kept all results that it gets. */
function wholeGb(measured: Measured, load: Load): number {
  const { ended, notedGb } = dayOf(measured, load);
  return ended * load.validationsDays + notedGb;
}

/** What the database holds once retention deletes as much as comes in. */
export function retainedGb(measured: Measured, load: Load): number {
  const { ended, later, notedGb } = dayOf(measured, load);
  const early = ended * EARLY_DAYS + later * Math.max(0, load.validationsDays - EARLY_DAYS) + notedGb;
  return Math.min(wholeGb(measured, load), Math.max(EARLY_GB, early));
}

/** For how many days it keeps validations within a size. */
export function daysWithin(measured: Measured, load: Load, gigabytes: number): number {
  const { ended, later, notedGb } = dayOf(measured, load);
  return Math.max(0, EARLY_DAYS + (gigabytes - notedGb - ended * EARLY_DAYS) / later);
}

const isEarly = (measured: Measured, load: Load): boolean =>
  wholeGb(measured, load) > EARLY_GB && bytesLater(measured, load) < bytesAtEnd(measured, load);

/** What the archive does in a month: each validation is written once, and its large results once more and read once. */
export function archiveOf(measured: Measured, load: Load) {
  const validations = load.deliveriesPerMonth * load.mix.validated;
  const large = isLarge(load) ? validations : 0;
  const early = isEarly(measured, load);
  const resultsBytes = load.resultsBytes / COMPRESSION;
  const byteDays =
    (measured.kept.archivedBytes + resultsBytes) * load.archiveDays +
    (isLarge(load) ? resultsBytes * load.validationsDays : 0);
  return {
    writes: validations + large,
    reads: early ? validations : large,
    storedGb: (validations * byteDays) / DAYS / 1e9,
  };
}

/** Dollars a month, by product. */
export function costOf(measured: Measured, load: Load) {
  const deliveries = load.deliveriesPerMonth;
  const one = average(measured, load.mix);
  const requests = deliveries * (one.requests + one.invocations) + CRONS_A_MONTH;
  const budgetCalls = deliveries * one.budgetCalls;
  const archive = archiveOf(measured, load);
  const earlyRows = isEarly(measured, load) ? load.mix.validated * measured.kept.rowsWritten : 0;
  return {
    Workers:
      WORKERS.subscription +
      priceOf(WORKERS.requests, requests) +
      priceOf(WORKERS.cpuMs, deliveries * one.cpuMs),
    Queues: priceOf(QUEUES.operations, deliveries * one.messages * QUEUES.operationsPerMessage),
    "D1 rows written": priceOf(D1.rowsWritten, deliveries * (one.rowsWritten + one.rowsDeleted + earlyRows)),
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
