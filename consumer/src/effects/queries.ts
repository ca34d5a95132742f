/**
 * The D1 queries of one invocation: 1,000, and each statement of a batch is one
 * (https://developers.cloudflare.com/d1/platform/limits/). The next one fails, and with it whatever sends it
 * (docs/decisions/0017-invocation-limits.md).
 */
import { queriesLeft } from "@webhook-gateway/shared/store/limited-database.ts";

/** Alerts and the heartbeat have queries of their own, which nothing else can use up. */
export const QUERIES = { watch: 50, work: 950 } as const;

/**
 * What has to be left for another round to begin: more than a round takes, and for what can wait also what effects and
 * decisions may need meanwhile. What is left undone, the next wake-up or cron does.
 */
const MIN_QUERIES_LEFT = {
  /** A decision that is made again after a conflict. */
  conflict: 60,
  record: 60,
  effect: 120,
  replay: 200,
  watchdog: 300,
  recovery: 350,
  retention: 450,
} as const;

/** Whether another round of something may begin. */
export const hasRoom = (db: D1Database, activity: keyof typeof MIN_QUERIES_LEFT): boolean =>
  queriesLeft(db) >= MIN_QUERIES_LEFT[activity];
