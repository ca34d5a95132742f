/** Which limit a load reaches, and how many of what it takes to stay below it. Pure. */
import { average, type Load, type Measured, retainedBytes } from "./cost.ts";
import { D1, DURABLE_OBJECTS, GITHUB, QUEUES } from "./limits.ts";

/** A limit is filled to this share, so that there is room for bursts, and for a shard that is hotter than the mean. */
const FILL = 0.5;
/**
 * D1 in production against the local one, in time a query: not known, and to be measured on a deployed gateway before a
 * shard is planned by it.
 */
const SLOWER = 3;
/** From a batch of 100 facts to its commit, with two round trips, in seconds; and one call of GitHub (assumptions). */
const BATCH_SECONDS = 0.25;
const CALL_SECONDS = 0.3;
/** Calls of GitHub that one consumer has open at once, of the 6 connections that a Worker has. */
const CALLS_AT_ONCE = 5;

export interface Reached {
  readonly limit: string;
  /** Of the load, in the limit's own unit. */
  readonly load: number;
  readonly allowed: number;
  readonly unit: string;
  /** So many of the thing that has the limit. */
  readonly needed: number;
  readonly of: string;
  readonly mend: string;
}

const DATABASE = "database";
const TIMES = "the limit";

/** Every limit that grows with the load. */
export function limitsOf(measured: Measured, load: Load): readonly Reached[] {
  const one = average(measured, load.mix);
  const rate = load.deliveriesPerSecond;
  const perHour = (rate * 3600) / load.installations;
  const reached = (limit: Omit<Reached, "needed">, fill = FILL): Reached => ({
    ...limit,
    needed: Math.max(1, Math.ceil(limit.load / (limit.allowed * fill))),
  });
  return [
    reached({
      limit: "messages on the events queue",
      load: rate * one.messages,
      allowed: QUEUES.messagesPerSecond,
      unit: "a second",
      of: "events queue",
      mend: "a queue for each shard",
    }),
    reached({
      limit: "consumers of the events queue",
      load: ((rate * one.messages) / QUEUES.batch) * BATCH_SECONDS,
      allowed: QUEUES.eventsConsumers,
      unit: "at once",
      of: "events queue",
      mend: "a queue for each shard; max_concurrency can be raised to 250, and D1's one writer gains nothing by it",
    }),
    reached({
      limit: "connections to GitHub",
      load: rate * one.githubCalls * CALL_SECONDS,
      allowed: QUEUES.workConsumers * CALLS_AT_ONCE,
      unit: "at once",
      of: "work queue",
      mend: "a work queue for each shard; max_concurrency of the work queue",
    }),
    reached({
      limit: "time of D1's one writer",
      load: (rate * one.d1Ms * SLOWER) / 1000,
      allowed: 1,
      unit: "s a second",
      of: DATABASE,
      mend: "a database for each shard, by a hash of the repository id",
    }),
    reached({
      limit: "size of a database",
      load: retainedBytes(measured, load) / 1e9,
      allowed: D1.databaseBytes / 1e9,
      unit: "GB",
      of: DATABASE,
      mend: "shorter retention, an archive in R2; then shards",
    }),
    reached(
      {
        limit: "D1 storage of an account",
        load: retainedBytes(measured, load) / 1e9,
        allowed: D1.accountBytes / 1e9,
        unit: "GB",
        of: "account, or a raised limit",
        mend: "shorter retention; it can be raised on request",
      },
      1,
    ),
    reached({
      limit: "calls of the busiest budget object",
      load: (rate * one.budgetCalls) / load.installations,
      allowed: DURABLE_OBJECTS.requestsPerSecond,
      unit: "a second",
      of: "object for one installation",
      mend: "none is needed: GitHub's own limits come first",
    }),
    reached(
      {
        limit: "GitHub requests of an installation",
        load: perHour * one.githubCalls,
        allowed: GITHUB.requestsPerHour,
        unit: "an hour",
        of: TIMES,
        mend: "reports on the way to the end wait first, then only the end is posted",
      },
      1,
    ),
    reached(
      {
        limit: "check runs created by an installation",
        load: perHour * one.githubCreates,
        allowed: GITHUB.createsPerHour,
        unit: "an hour",
        of: TIMES,
        mend: "reports wait their turn and are late; an organisation asks GitHub for more, or posts fewer",
      },
      1,
    ),
  ];
}

/** Databases that the load needs, by time and by size. */
export const shardsFor = (measured: Measured, load: Load): number =>
  Math.max(
    ...limitsOf(measured, load)
      .filter(({ of }) => of === DATABASE)
      .map(({ needed }) => needed),
  );

/** Validations a month whose check runs one installation can create. */
export const REPORTABLE_A_MONTH = GITHUB.createsPerHour * 24 * 30;
