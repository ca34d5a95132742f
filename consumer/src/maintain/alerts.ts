/** Alerts: sent once when a condition starts and once when it ends, and tried again until the receiver accepts them. */

import { alertSetting, claimAlerts, loadAlertFacts } from "@webhook-gateway/shared/store/maintain/alerts.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { type AlertThresholds, type Condition, conditionsOf } from "./alert-conditions.ts";
import { isDue, nextAlert } from "./next-alert.ts";
import { type AlertSender, SEND_TIMEOUT_MS, sendAlert } from "./send-alert.ts";

export interface AlertDeps extends AlertSender {
  readonly db: D1Database;
  readonly now: () => Date;
  readonly thresholds: AlertThresholds;
}

const HOUR_MS = 3_600_000;
/** Longer than sending an alert of every condition takes. If a consumer crashes, another one takes over then. */
const LEASE_MS = 12 * SEND_TIMEOUT_MS;

/** Checks every condition, and sends alerts of what has changed. */
export async function raiseAlerts(deps: AlertDeps): Promise<void> {
  const { db } = deps;
  const nowMs = deps.now().getTime();
  const now = isoTime(nowMs);
  const facts = await loadAlertFacts(db, isoTime(nowMs - HOUR_MS));
  const conditions = conditionsOf(facts, deps.thresholds, nowMs);
  const changed = [...conditions, ...unknown(facts.notified.keys(), conditions)].flatMap((found) => {
    const { name: condition } = found;
    const before = facts.notified.get(condition);
    const next = nextAlert(before, found, now);
    const due = next !== undefined && isDue(next, now);
    return next === undefined || (next === before && !due) ? [] : [{ condition, next, due }];
  });
  if (changed.length === 0) return;
  const claims = changed.map(({ condition, next, due }) => ({
    condition,
    stored: facts.stored.get(condition) ?? null,
    next: due ? { ...next, due_at: isoTime(nowMs + LEASE_MS) } : next,
  }));
  // Crons overlap: each alert is sent by the one that claimed it.
  const claimed = await claimAlerts(db, claims, now);
  for (const { condition, next } of changed.filter((one) => one.due && claimed.has(one.condition))) {
    const alert = await sendAlert(deps, condition, next);
    await commit(db, deps.now().toISOString(), [alertSetting(condition, alert)]);
  }
}

/** Conditions that another version alerted on, and this one does not know. */
function unknown(told: Iterable<string>, known: readonly Condition[]): Condition[] {
  const names = new Set(known.map(({ name }) => name));
  return [...told].flatMap((name) =>
    names.has(name) ? [] : [{ name, holds: false, text: `"${name}" is no longer watched` }],
  );
}
