/** State changes to send to another system: an outbox, one row a change, in the order in which they were recorded. */
import type { Conclusion, ValidationState } from "../../domain/validation.ts";
import type { TimelineEntry } from "../rows.ts";
import { CLAIMED } from "../tallies.ts";
import type { Validation } from "../validation-row.ts";
import { insert } from "./insert-sql.ts";

/** One state change of a validation. */
export interface StateChange {
  readonly validation_id: string;
  /** Orders the changes of a validation, and is the same however often a change is sent. */
  readonly sequence: number;
  readonly at: string;
  readonly from_state: ValidationState | null;
  readonly to_state: ValidationState;
  readonly conclusion: Conclusion | null;
  readonly reason: string;
}

/** The outcome of a claimed event. One that was sent, or is dead, is deleted. */
export interface EventOutcome {
  readonly number: number;
  /** As claimed: a lease that has run out settles nothing. */
  readonly lease_until: string;
  readonly status: "due" | "sent" | "dead";
  readonly attempts: number;
  readonly due_at: string;
}

/** A row can be written once for several changes: each of its versions has room for so many. */
const CHANGES_OF_A_VERSION = 100;

/** What is to be sent of a decision's changes. */
export function stateChangesOf(
  validations: readonly Validation[],
  timeline: readonly TimelineEntry[],
): StateChange[] {
  const rows = new Map(validations.map((row) => [row.id, row]));
  const changes = new Map<string, number>();
  return timeline.flatMap(({ validation_id, at, from_state, to_state, reason }) => {
    const row = rows.get(validation_id);
    if (row === undefined || from_state === to_state) return [];
    const earlier = changes.get(validation_id) ?? 0;
    changes.set(validation_id, earlier + 1);
    const sequence = (row.version + 1) * CHANGES_OF_A_VERSION + earlier;
    const conclusion = to_state === "completed" ? row.conclusion : null;
    return [{ validation_id, sequence, at, from_state, to_state, conclusion, reason }];
  });
}

const COLUMNS = [
  "validation_id",
  "sequence",
  "at",
  "from_state",
  "to_state",
  "conclusion",
  "reason",
] as const;

export const INSERT_EVENTS = insert("outgoing_events", COLUMNS, {});

/** Of the validations under a lease, which are claimed at ?3. */
export const INSERT_CLAIM_EVENTS = `
  INSERT INTO outgoing_events (validation_id, sequence, at, from_state, to_state, reason)
  SELECT id, version * ${CHANGES_OF_A_VERSION}, ?3, 'queued', 'dispatching', 'claimed for dispatch'
  FROM validations WHERE ${CLAIMED}`;

export const DELETE_SETTLED_EVENTS = `
  DELETE FROM outgoing_events
  WHERE number IN (SELECT value->>'number' FROM json_each(?1) WHERE value->>'status' <> 'due')
    AND due_at IN (SELECT value->>'lease_until' FROM json_each(?1))`;

export const POSTPONE_EVENTS = `
  UPDATE outgoing_events SET due_at = o.value->>'due_at', attempts = o.value->>'attempts'
  FROM json_each(?1) AS o
  WHERE outgoing_events.number = o.value->>'number' AND outgoing_events.due_at = o.value->>'lease_until'
    AND o.value->>'status' = 'due'`;

/** Sends dead events again, behind all others. ?1: JSON of dead letters' ids, ?2: the replay */
export const REPLAY_EVENTS = `
  INSERT INTO outgoing_events (${COLUMNS.join(", ")})
  SELECT ${COLUMNS.map((column) => `l.body->>'${column}'`).join(", ")}
  FROM json_each(?1) k CROSS JOIN dead_letters l ON l.id = k.value
  WHERE l.kind = 'event' AND l.status = 'replaying' AND l.replay_id = ?2
    AND EXISTS (SELECT 1 FROM validations v WHERE v.id = l.validation_id)
  ORDER BY l.validation_id, l.body->>'sequence'`;
