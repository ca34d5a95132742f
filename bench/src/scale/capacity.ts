/** How much of each limit a load uses. Pure. */
import { average, type Load, type Measured, retainedGb } from "./cost.ts";
import { D1, GITHUB, QUEUES } from "./limits.ts";

/**
 * D1 in production takes so many times as long as the local one (an assumption: measure it on a deployed gateway before
 * you plan by it).
 */
const SLOWER = 3;
/** From a batch of 100 facts to its commit, with two round trips; and one call of GitHub (assumptions). */
const BATCH_SECONDS = 0.25;
const CALL_SECONDS = 0.3;
/** Calls of GitHub that one consumer has open at once, of the 6 connections that a Worker may hold. */
const CALLS_AT_ONCE = 5;
const HOURS_A_MONTH = 30 * 24;

export interface Limit {
  readonly limit: string;
  readonly used: number;
  readonly allowed: number;
  readonly unit: string;
}

/** Every limit that is used in proportion to the load. GitHub's are those of one installation. */
export function limitsOf(measured: Measured, load: Load): readonly Limit[] {
  const one = average(measured, load.mix);
  const perHour = load.deliveriesPerMonth / HOURS_A_MONTH;
  const perSecond = perHour / 3600;
  const batches = (perSecond * one.messages) / QUEUES.batch;
  const calls = perSecond * one.githubCalls;
  const limits: readonly (readonly [string, number, number, string])[] = [
    ["size of the database", retainedGb(measured, load), D1.databaseGb, "GB"],
    ["time of D1's one writer", (perSecond * one.d1Ms * SLOWER) / 1000, 1, "s a second"],
    ["messages on the events queue", perSecond * one.messages, QUEUES.messagesPerSecond, "a second"],
    ["consumers of the events queue", batches * BATCH_SECONDS, QUEUES.eventsConsumers, "at once"],
    ["connections to GitHub", calls * CALL_SECONDS, QUEUES.workConsumers * CALLS_AT_ONCE, "at once"],
    ["requests to GitHub by an installation", perHour * one.githubCalls, GITHUB.requestsPerHour, "an hour"],
    [
      "check runs created by an installation, as documented",
      perHour * one.githubCreates,
      GITHUB.createsPerHour,
      "an hour",
    ],
  ];
  return limits.map(([limit, used, allowed, unit]) => ({ limit, used, allowed, unit }));
}

/** Deliveries a month that use a share of a limit. */
export const deliveriesAt = ({ used, allowed }: Limit, load: Load, share: number): number =>
  (load.deliveriesPerMonth * allowed * share) / used;
