/** Alerts: sent once when a condition starts and once when it ends, and tried again until the receiver accepts them. */

import { backoffMs, EFFECT_BACKOFF } from "@webhook-gateway/shared/domain/backoff.ts";
import {
  alertSetting,
  claimAlerts,
  loadAlertFacts,
  type NotifiedAlert,
} from "@webhook-gateway/shared/store/maintain/alerts.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { hex } from "@webhook-gateway/shared/text/hash.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { type AlertThresholds, type Condition, conditionsOf } from "./alert-conditions.ts";

export interface AlertDeps {
  readonly db: D1Database;
  readonly fetch: typeof fetch;
  readonly log: Log;
  readonly now: () => Date;
  readonly thresholds: AlertThresholds;
  readonly environment: string;
  /** Undefined: conditions are logged only. */
  readonly url: string | undefined;
  readonly secret: string | undefined;
}

const HOUR_MS = 3_600_000;
const TIMEOUT_MS = 10_000;
/** Longer than sending an alert of every condition takes. If a consumer crashes, another one takes over then. */
const LEASE_MS = 12 * TIMEOUT_MS;

/** Checks every condition, and sends alerts of what has changed. */
export async function raiseAlerts(deps: AlertDeps): Promise<void> {
  const { db } = deps;
  const nowMs = deps.now().getTime();
  const now = isoTime(nowMs);
  const facts = await loadAlertFacts(db, isoTime(nowMs - HOUR_MS));
  const conditions = conditionsOf(facts, deps.thresholds, nowMs);
  const changed = [...conditions, ...unknown(facts.told.keys(), conditions)].flatMap((found) => {
    const { name: condition } = found;
    const before = facts.told.get(condition);
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
    const alert = await tell(deps, condition, next);
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

/** The alert as it is now; undefined if there is none and was none. */
export function nextAlert(
  before: NotifiedAlert | undefined,
  { holds, text }: Pick<Condition, "holds" | "text">,
  now: string,
): NotifiedAlert | undefined {
  const state = holds ? "firing" : "resolved";
  if (before === undefined) {
    return holds ? { state, text, since: now, told: null, attempts: 0, due_at: now } : undefined;
  }
  if (before.state === state) return before;
  return { ...before, state, text, since: now, attempts: 0, due_at: now };
}

/** A condition that ended before its alert was sent has none. */
const isDue = ({ state, told, due_at }: NotifiedAlert, now: string): boolean =>
  told !== state && !(state === "resolved" && told === null) && due_at <= now;

async function tell(deps: AlertDeps, name: string, alert: NotifiedAlert): Promise<NotifiedAlert> {
  const { log, url } = deps;
  if (alert.attempts === 0) log.warn("alert", { condition: name, state: alert.state, text: alert.text });
  if (url === undefined) return { ...alert, told: alert.state };
  const attempts = alert.attempts + 1;
  try {
    await post(deps, url, name, alert);
    return { ...alert, told: alert.state, attempts };
  } catch (thrown) {
    // The address is a secret: fetch's message, which may hold it, is cut off.
    const error = thrown instanceof AlertRefused ? thrown.message : errorText(thrown).split(":")[0];
    log.error("alert.not-sent", { condition: name, attempts, error });
    return {
      ...alert,
      attempts,
      due_at: isoTime(deps.now().getTime() + backoffMs(EFFECT_BACKOFF, attempts)),
    };
  }
}

class AlertRefused extends Error {
  override readonly name = "AlertRefused";
}

async function post(deps: AlertDeps, url: string, name: string, alert: NotifiedAlert): Promise<void> {
  const { state, text, since } = alert;
  const word = state === "firing" ? "ALERT" : "resolved";
  const body = JSON.stringify({
    text: slackText(`[webhook-gateway ${deps.environment}] ${word}: ${text}`),
    environment: deps.environment,
    condition: name,
    state,
    since,
  });
  const signature =
    deps.secret === undefined ? {} : { "x-webhook-gateway-signature-256": await sign(deps.secret, body) };
  const response = await deps.fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": "webhook-gateway", ...signature },
    body,
    redirect: "manual",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  await response.body?.cancel();
  if (!response.ok) throw new AlertRefused(`HTTP ${response.status}`);
}

/** Text of a server's answer must not become markup, a mention or a link (https://docs.slack.dev/messaging/formatting-message-text). */
const slackText = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** As GitHub signs its deliveries. */
async function sign(secret: string, body: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, encoder.encode(body));
  return `sha256=${hex(mac)}`;
}
