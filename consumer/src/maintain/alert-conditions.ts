/** What is worth waking somebody for. Pure. */
import type { Gate } from "@webhook-gateway/shared/domain/gate.ts";
import { type AlertFacts, LETTERS_COUNTED } from "@webhook-gateway/shared/store/maintain/alerts.ts";
import { cutText } from "@webhook-gateway/shared/text/text.ts";

export interface AlertThresholds {
  readonly oldestWaitingMs: number;
}

export interface Condition {
  readonly name: string;
  readonly holds: boolean;
  /** What is wrong, or that it is not. */
  readonly text: string;
}

/** A gate that closes for a moment is how the gateway works. */
const GATE_CLOSED_MS = 5 * 60_000;
/** A few letters are a day's work; so many say that something broke, and are told of although a few were already. */
const MANY_LETTERS = 100;
/** Single deliveries get lost; more of them say that something is wrong between GitHub and the gateway. */
const MANY_RECOVERED = 5;
/** What a server answered can be long. */
const MAX_DETAIL_BYTES = 300;
/** Too few to speak of a rate. */
const MIN_ENDED = 20;
const MAX_BROKEN_SHARE = 0.25;

/** Every condition, whether or not it holds. */
export function conditionsOf(facts: AlertFacts, thresholds: AlertThresholds, nowMs: number): Condition[] {
  return [
    ...facts.gates.map(({ name, gate }) => gateClosed(name, gate, nowMs)),
    lettersDied(facts),
    manyDied(facts),
    oldestWaits(facts, thresholds, nowMs),
    deliveriesLost(facts),
    validationsBroke(facts),
  ];
}

function gateClosed(service: string, gate: Gate, nowMs: number): Condition {
  const name = `gate ${service}`;
  if (gate.state === "open" || nowMs - Date.parse(gate.since) < GATE_CLOSED_MS) {
    return { name, holds: false, text: `${service} is being asked again` };
  }
  const why = `${gate.reason}, ${cutText(gate.detail, MAX_DETAIL_BYTES)}`;
  return { name, holds: true, text: `${service} is not being asked since ${gate.since}: ${why}` };
}

/** Deaths, not letters: one that stays open must not keep those that come after it from being told of. */
function lettersDied({ diedLastHour, olderLettersOpen }: AlertFacts): Condition {
  const name = "dead letters";
  if (diedLastHour > 0) {
    return { name, holds: true, text: diedText(diedLastHour) };
  }
  const older = olderLettersOpen ? "; older ones are: gateway dlq list" : "";
  return { name, holds: false, text: `no letter that died within the last hour is open${older}` };
}

function manyDied({ diedLastHour }: AlertFacts): Condition {
  const name = "many dead letters";
  if (diedLastHour < MANY_LETTERS) {
    return { name, holds: false, text: `fewer than ${MANY_LETTERS} letters of the last hour are open` };
  }
  return { name, holds: true, text: diedText(diedLastHour) };
}

function oldestWaits({ oldestWaitingAt }: AlertFacts, thresholds: AlertThresholds, nowMs: number): Condition {
  const name = "waiting";
  const { oldestWaitingMs } = thresholds;
  if (oldestWaitingAt !== null && nowMs - Date.parse(oldestWaitingAt) > oldestWaitingMs) {
    return { name, holds: true, text: `a validation waits since ${oldestWaitingAt}: gateway status` };
  }
  return { name, holds: false, text: `no validation waits for more than ${oldestWaitingMs / 1000} s` };
}

function deliveriesLost({ recoveredLastHour }: AlertFacts): Condition {
  const name = "lost deliveries";
  if (recoveredLastHour < MANY_RECOVERED) {
    return {
      name,
      holds: false,
      text: `fewer than ${MANY_RECOVERED} deliveries of the last hour were fetched`,
    };
  }
  const text = `${recoveredLastHour} deliveries of the last hour never came and were fetched`;
  return { name, holds: true, text: `${text}: see the hook's recent deliveries on GitHub` };
}

function validationsBroke({ brokenLastHour, endedLastHour }: AlertFacts): Condition {
  const name = "broken";
  const text = `${brokenLastHour} of ${endedLastHour} validations of the last hour broke`;
  if (endedLastHour < MIN_ENDED || brokenLastHour / endedLastHour <= MAX_BROKEN_SHARE) {
    return { name, holds: false, text };
  }
  return { name, holds: true, text: `${text}: gateway validations list --state failed,timed_out,dead` };
}

function diedText(count: number): string {
  const letters = count === 1 ? "1 letter" : `${count} letters`;
  const counted = count < LETTERS_COUNTED ? letters : `${LETTERS_COUNTED} or more letters`;
  return `${counted} died within the last hour, still open: gateway dlq list`;
}
