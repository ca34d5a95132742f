/** Settles events. Pure. */
import { type Failure, nextAttempt } from "@webhook-gateway/shared/domain/failure.ts";
import type { DueEvent } from "@webhook-gateway/shared/store/claim/events.ts";
import type { DeadLetter } from "@webhook-gateway/shared/store/rows.ts";
import type { EventOutcome, StateChange } from "@webhook-gateway/shared/store/write/event-sql.ts";
import type { KnownEvent } from "./known-event.ts";

/**
 * An event dies after this many attempts. If the sink takes no other, it is not the event that is bad: then it does not
 * die within a week.
 */
const MAX_ATTEMPTS = 8;
const MIN_AGE_MS = 7 * 24 * 3_600_000;
/** Due as before, with its place before all that came later. */
const AT_ONCE = "";

/** The result of one event. `waits`: it was not sent, and is due as before. `gone`: its validation was deleted. */
export type EventResult = "sent" | "waits" | "gone" | Failure;

export interface PerformedEvent {
  readonly due: DueEvent;
  readonly known: KnownEvent | undefined;
  readonly result: EventResult;
}

export interface SettledEvent {
  readonly outcome: EventOutcome;
  readonly deadLetter?: DeadLetter;
}

interface Settling {
  readonly leaseUntil: string;
  /** The sink has taken or refused an event meanwhile. */
  readonly served: boolean;
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: number;
}

export function settleEvent(
  { due, known, result }: PerformedEvent,
  { leaseUntil, served, nowMs, random }: Settling,
): SettledEvent {
  const { number, attempts } = due;
  const base = { number, lease_until: leaseUntil, attempts, due_at: AT_ONCE };
  if (result === "sent" || result === "gone" || known === undefined)
    return { outcome: { ...base, status: "sent" } };
  if (result === "waits" || result.class === "backpressure" || result.class === "configuration")
    return { outcome: { ...base, status: "due" } };
  const tried = attempts + 1;
  if (result.class === "retryable") {
    const mayDie = served || nowMs - Date.parse(due.at) >= MIN_AGE_MS;
    const next = nextAttempt(tried, mayDie ? MAX_ATTEMPTS : Number.POSITIVE_INFINITY, nowMs, random);
    if (!next.dead) return { outcome: { ...base, status: "due", attempts: tried, due_at: next.dueAt } };
  }
  const { validation_id, at, from_state, to_state, conclusion, reason } = due;
  const change: StateChange = {
    validation_id,
    sequence: due.sequence,
    at,
    from_state,
    to_state,
    conclusion,
    reason,
  };
  return {
    outcome: { ...base, status: "dead", attempts: tried },
    deadLetter: {
      id: `event-${known.id}`,
      kind: "event",
      class: result.class,
      error: result.error,
      attempts: tried,
      first_at: at,
      repository: known.repository,
      delivery_id: null,
      validation_id,
      body: JSON.stringify(change),
    },
  };
}
