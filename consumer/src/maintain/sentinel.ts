/**
 * Watches what the consumer's cron cannot report: that it does not run, and that D1 is unavailable or full. It needs
 * neither of them: it has an alarm and a storage of its own, and is told what the cron finds.
 */
import type { NotifiedAlert } from "@webhook-gateway/shared/store/maintain/alerts.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { isDue, nextAlert } from "./next-alert.ts";
import { type AlertSender, sendAlert } from "./send-alert.ts";
import { type Observed, sentinelConditionsOf } from "./sentinel-conditions.ts";

export interface SentinelDeps extends AlertSender {
  readonly storage: DurableObjectStorage;
  readonly now: () => Date;
}

/** What the cron says to the sentinel. */
export interface Heartbeats {
  /** The cron has begun. */
  heard(): Promise<void>;
  /** D1 has answered it. @param databaseBytes the size of the database */
  answered(databaseBytes: number): Promise<void>;
}

const OBSERVED = "observed";
const CHECK_MS = 60_000;
/** Without a check for this long, nobody watched. */
const GAP_MS = 3 * CHECK_MS;

export function createSentinel(deps: SentinelDeps): Heartbeats & { check(): Promise<void> } {
  const { kv } = deps.storage;

  /** Storage answers at once, so nothing comes between reading and writing. */
  function observe(nowMs: number, change: (observed: Observed) => Partial<Observed>): Observed {
    const before = kv.get<Observed>(OBSERVED) ?? beginning(nowMs);
    const observed = { ...before, ...change(before) };
    kv.put(OBSERVED, observed);
    return observed;
  }

  return {
    /** The first cron starts the alarm, and any later one if it was lost. */
    async heard(): Promise<void> {
      const nowMs = deps.now().getTime();
      observe(nowMs, ({ unansweredMs }) => ({ heardMs: nowMs, unansweredMs: unansweredMs ?? nowMs }));
      if ((await deps.storage.getAlarm()) === null) await deps.storage.setAlarm(nowMs + CHECK_MS);
    },

    async answered(databaseBytes: number): Promise<void> {
      observe(deps.now().getTime(), () => ({ unansweredMs: null, databaseBytes }));
    },

    /** Checks every condition, and sends alerts of what has changed. The next alarm is set first: this may fail. */
    async check(): Promise<void> {
      const nowMs = deps.now().getTime();
      await deps.storage.setAlarm(nowMs + CHECK_MS);
      const observed = observe(nowMs, ({ checkedMs, watchingSinceMs }) => ({
        checkedMs: nowMs,
        watchingSinceMs: nowMs - checkedMs > GAP_MS ? nowMs : watchingSinceMs,
      }));
      const now = isoTime(nowMs);
      const alertOf = (name: string) => kv.get<NotifiedAlert>(`alert:${name}`);
      const fires = (name: string) => alertOf(name)?.state === "firing";
      for (const condition of sentinelConditionsOf(observed, nowMs, fires)) {
        const key = `alert:${condition.name}`;
        const alert = nextAlert(alertOf(condition.name), condition, now);
        if (alert === undefined) continue;
        kv.put(key, isDue(alert, now) ? await sendAlert(deps, condition.name, alert) : alert);
      }
    },
  };
}

const beginning = (nowMs: number): Observed => ({
  heardMs: nowMs,
  unansweredMs: null,
  databaseBytes: 0,
  checkedMs: nowMs,
  watchingSinceMs: nowMs,
});
