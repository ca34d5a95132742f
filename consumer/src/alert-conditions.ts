/** What is worth waking somebody for. Pure. */
import type { AlertFacts } from "@webhook-gateway/shared/store/alerts.ts";
import { cutText } from "@webhook-gateway/shared/text.ts";

export interface AlertThresholds {
  readonly oldestWaitingMs: number;
}

/** A gate that closes for a moment is how the gateway works. */
const GATE_CLOSED_MS = 5 * 60_000;
/** Single deliveries get lost; more of them say that something is wrong between GitHub and the gateway. */
const MANY_RECOVERED = 5;
/** What a server answered can be long. */
const MAX_DETAIL_BYTES = 300;
/** Too few to speak of a rate. */
const MIN_ENDED = 20;
const MAX_BROKEN_SHARE = 0.25;

/** The conditions that hold, by name, in words. */
export function firing(facts: AlertFacts, thresholds: AlertThresholds, nowMs: number): Map<string, string> {
  const alerts = new Map<string, string>();
  for (const { name, gate } of facts.gates) {
    if (gate.state === "open" || nowMs - Date.parse(gate.since) < GATE_CLOSED_MS) continue;
    const why = `${gate.reason}, ${cutText(gate.detail, MAX_DETAIL_BYTES)}`;
    alerts.set(`gate ${name}`, `${name} is not being asked since ${gate.since}: ${why}`);
  }
  if (facts.openLetters > 0) {
    alerts.set("dead letters", `${facts.openLetters} dead letters are open: gateway dlq list`);
  }
  const { oldestWaitingAt } = facts;
  if (oldestWaitingAt !== null && nowMs - Date.parse(oldestWaitingAt) > thresholds.oldestWaitingMs) {
    alerts.set("waiting", `a validation waits since ${oldestWaitingAt}: gateway status`);
  }
  if (facts.recoveredLastHour >= MANY_RECOVERED) {
    const text = `${facts.recoveredLastHour} deliveries of the last hour never came and were fetched`;
    alerts.set("lost deliveries", `${text}: see the hook's recent deliveries on GitHub`);
  }
  const share = facts.brokenLastHour / Math.max(facts.endedLastHour, 1);
  if (facts.endedLastHour >= MIN_ENDED && share > MAX_BROKEN_SHARE) {
    const text = `${facts.brokenLastHour} of ${facts.endedLastHour} validations of the last hour broke`;
    alerts.set("broken", `${text}: gateway validations list --state failed,timed_out,dead`);
  }
  return alerts;
}
