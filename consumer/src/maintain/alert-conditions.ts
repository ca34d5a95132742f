/** The conditions to alert on. Pure. */
import type { Gate } from "@webhook-gateway/shared/domain/gate.ts";
import { type AlertFacts, DEAD_LETTERS_COUNTED } from "@webhook-gateway/shared/store/maintain/alerts.ts";
import { cutText } from "@webhook-gateway/shared/text/text.ts";

export interface AlertThresholds {
  readonly oldestWaitingMs: number;
}

export interface Condition {
  readonly name: string;
  readonly holds: boolean;
  /** What is wrong, or that nothing is. */
  readonly text: string;
}

/** A gate that closes for a moment is normal. */
const GATE_CLOSED_MS = 5 * 60_000;
/** A few dead letters are routine. This many mean that something broke: a second alert, beside the one for a few. */
const MANY_DEAD_LETTERS = 100;
/** Single deliveries get lost. More of them mean that something is wrong between GitHub and the gateway. */
const MANY_RECOVERED = 5;
/** A server's answer can be long. */
const MAX_DETAIL_BYTES = 300;
/** Fewer are too few for a rate. */
const MIN_ENDED = 20;
const MAX_BROKEN_SHARE = 0.25;
/** A forgotten token makes a few. More of them mean that somebody guesses, or that a secret is wrong on one side. */
const MANY_REFUSED = 100;

/** Every condition, whether or not it holds. */
export function conditionsOf(facts: AlertFacts, thresholds: AlertThresholds, nowMs: number): Condition[] {
  return [
    ...facts.gates.map(({ name, gate }) => gateClosed(name, gate, nowMs)),
    deadLettersDied(facts),
    manyDied(facts),
    oldestWaits(facts, thresholds, nowMs),
    deliveriesLost(facts),
    validationsBroke(facts),
    accessRefused(facts),
  ];
}

/** @param bad what is wrong, if it holds @param good that nothing is */
const condition = (name: string, holds: boolean, bad: string, good: string): Condition => ({
  name,
  holds,
  text: holds ? bad : good,
});

function gateClosed(service: string, gate: Gate, nowMs: number): Condition {
  const name = `gate ${service}`;
  const good = `${service} is being called again`;
  if (gate.state === "open") return condition(name, false, "", good);
  const why = `${gate.reason}, ${cutText(gate.detail, MAX_DETAIL_BYTES)}`;
  const bad = `${service} has not been called since ${gate.since}: ${why}`;
  return condition(name, nowMs - Date.parse(gate.since) >= GATE_CLOSED_MS, bad, good);
}

/** Of the last hour only: an old dead letter that stays open must not hide new ones. */
function deadLettersDied({ diedLastHour, olderDeadLettersOpen }: AlertFacts): Condition {
  const older = olderDeadLettersOpen ? "; older ones are open: gateway dlq list" : "";
  const good = `no dead letter of the last hour is open${older}`;
  return condition("dead letters", diedLastHour > 0, diedText(diedLastHour), good);
}

function manyDied({ diedLastHour }: AlertFacts): Condition {
  const good = `fewer than ${MANY_DEAD_LETTERS} dead letters of the last hour are open`;
  return condition("many dead letters", diedLastHour >= MANY_DEAD_LETTERS, diedText(diedLastHour), good);
}

function oldestWaits({ oldestWaitingAt }: AlertFacts, thresholds: AlertThresholds, nowMs: number): Condition {
  const { oldestWaitingMs } = thresholds;
  const holds = oldestWaitingAt !== null && nowMs - Date.parse(oldestWaitingAt) > oldestWaitingMs;
  const bad = `a validation has been waiting since ${oldestWaitingAt}: gateway status`;
  return condition(
    "waiting",
    holds,
    bad,
    `no validation has been waiting for more than ${oldestWaitingMs / 1000} s`,
  );
}

function deliveriesLost({ recoveredLastHour }: AlertFacts): Condition {
  const bad = `${recoveredLastHour} deliveries of the last hour never arrived and were fetched: see the hook's recent deliveries on GitHub`;
  const good = `fewer than ${MANY_RECOVERED} deliveries of the last hour were fetched`;
  return condition("lost deliveries", recoveredLastHour >= MANY_RECOVERED, bad, good);
}

function validationsBroke({ brokenLastHour, endedLastHour }: AlertFacts): Condition {
  const holds = endedLastHour >= MIN_ENDED && brokenLastHour / endedLastHour > MAX_BROKEN_SHARE;
  const text = `${brokenLastHour} of ${endedLastHour} validations of the last hour broke`;
  return condition("broken", holds, `${text}: gateway validations list --state failed,timed_out,dead`, text);
}

function accessRefused({ refusedLately }: AlertFacts): Condition {
  const bad = `${refusedLately} requests of the last 10 min were refused: search the producer's logs for access.refused`;
  const good = `at most ${MANY_REFUSED} requests of the last 10 min were refused`;
  return condition("access refused", refusedLately > MANY_REFUSED, bad, good);
}

function diedText(count: number): string {
  const all = count === 1 ? "1 dead letter" : `${count} dead letters`;
  const counted = count < DEAD_LETTERS_COUNTED ? all : `${DEAD_LETTERS_COUNTED} or more dead letters`;
  return `${counted} of the last hour ${count === 1 ? "is" : "are"} open: gateway dlq list`;
}
