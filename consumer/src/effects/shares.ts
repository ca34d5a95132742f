/**
 * The connections of one invocation. Six can wait for their answers at once
 * (https://developers.cloudflare.com/workers/platform/limits/#simultaneous-open-connections); the time-out of a seventh
 * runs while it waits for one of them. So each side has a share, and one that hangs delays only itself
 * (docs/decisions/0017-invocation-limits.md).
 */
export const SHARES = {
  /** Dispatches, cancels and the watchdog's questions, and the archive for what they bring. */
  grainchain: 2,
  /** GitHub, and the budgets that are asked before it. */
  github: 2,
  /**
   * Alerts and the sentinel. Only the cron sends alerts, and it sends no events: in other invocations the event sink
   * uses this connection.
   */
  watch: 1,
  /** The archive for what is old: in invocations of the work queue, once everything else in them is done. */
  archive: 1,
  /** D1 and the work queue. */
  storage: 1,
} as const;
