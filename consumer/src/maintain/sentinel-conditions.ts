/** The conditions that the sentinel alerts on. Pure. */
import {
  databaseSizeText,
  FILLING_PERCENT,
  FULL_PERCENT,
  fullPercent,
  SHORTENED_PERCENT,
} from "@webhook-gateway/shared/domain/database-size.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import type { Condition } from "./alert-conditions.ts";

/** What the sentinel knows. Times are in milliseconds since 1970. */
export interface Observed {
  /** When the consumer's cron began last. */
  readonly heardMs: number;
  /** The first cron that D1 has not answered; null: it has answered all of them. */
  readonly unansweredMs: number | null;
  /** The size of the database when D1 answered last. */
  readonly databaseBytes: number;
  /** The last check. */
  readonly checkedMs: number;
  /** Since when there has been a check every minute. */
  readonly watchingSinceMs: number;
}

const SILENT_MS = 5 * 60_000;
const UNANSWERED_MS = 5 * 60_000;

/** An alert about the size ends this much below where it begins, so that it does not come and go. In percent. */
const HYSTERESIS = 3;

/**
 * Every condition, whether or not it holds.
 * @param fires whether there is an alert about a condition
 */
export const sentinelConditionsOf = (
  observed: Observed,
  nowMs: number,
  fires: (name: string) => boolean = () => false,
): Condition[] => [
  consumerSilent(observed, nowMs),
  databaseAway(observed),
  ...[
    { name: "database filling", percent: FILLING_PERCENT },
    { name: "database full", percent: FULL_PERCENT },
  ].map(({ name, percent }) => fullerThan(name, observed, fires(name) ? percent - HYSTERESIS : percent)),
];

/** A silence during which nobody listened proves nothing: the platform may have stopped both. */
function consumerSilent({ heardMs, watchingSinceMs }: Observed, nowMs: number): Condition {
  const name = "consumer silent";
  if (nowMs - Math.max(heardMs, watchingSinceMs) < SILENT_MS) {
    return { name, holds: false, text: "the consumer's cron runs again" };
  }
  return { name, holds: true, text: `the consumer's cron last ran ${isoTime(heardMs)}: gateway doctor` };
}

/** Measured from cron to cron: a consumer that stopped says nothing about D1. */
function databaseAway({ heardMs, unansweredMs }: Observed): Condition {
  const name = "database away";
  if (unansweredMs === null || heardMs - unansweredMs < UNANSWERED_MS) {
    return { name, holds: false, text: "D1 answers the consumer again" };
  }
  return { name, holds: true, text: `D1 has not answered the consumer since ${isoTime(unansweredMs)}` };
}

function fullerThan(name: string, { databaseBytes }: Observed, percent: number): Condition {
  const text = `the database holds ${databaseSizeText(databaseBytes)}`;
  if (fullPercent(databaseBytes) <= percent) return { name, holds: false, text };
  return {
    name,
    holds: true,
    text: `${text}: ${percent > SHORTENED_PERCENT ? "it keeps less than configured, see gateway status" : "shorten DELIVERIES_RETENTION_DAYS and VALIDATIONS_RETENTION_DAYS"}`,
  };
}
