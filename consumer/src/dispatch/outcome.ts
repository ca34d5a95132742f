/** Decides the outcomes of a dispatch. Pure: reads and changes only the change set. */
import type { NextAttempt } from "@webhook-gateway/shared/domain/failure.ts";
import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import type { Results, UnmatchedCallback } from "@webhook-gateway/shared/store/rows.ts";
import type { Validation } from "@webhook-gateway/shared/store/validation-row.ts";
import { applyStatusUpdate, signalOf, statusText } from "../decide/callback.ts";
import type { ChangeSet } from "../decide/change-set.ts";
import { effectDeadLetter } from "../effects/dead-letter.ts";
import type { Accepted, TriggerOutcome } from "./trigger-answer.ts";

export interface Dispatched {
  readonly id: string;
  readonly leaseId: string | null;
  readonly outcome: TriggerOutcome;
  /** Of an answer that had some. */
  readonly results?: Results | undefined;
}

/**
 * Applies the outcomes of one dispatch to rows as they are now.
 * @param unmatched callbacks that came under a Grainchain id before its dispatch had answered
 * @param next when an attempt is repeated, given how many were made
 */
export function decideOutcomes(
  changes: ChangeSet,
  dispatched: readonly Dispatched[],
  unmatched: readonly UnmatchedCallback[],
  next: (attempts: number) => NextAttempt,
): void {
  for (const { id, leaseId, outcome, results } of dispatched) {
    const row = changes.validation(id);
    if (row === undefined) continue;
    if (outcome.class === "accepted") accept(changes, row, outcome, results, unmatched);
    // A failure counts only for its own lease: by now the row may have moved, or be leased again.
    else if (row.state === "dispatching" && row.lease_id === leaseId) giveBack(changes, row, outcome, next);
  }
}

function accept(
  changes: ChangeSet,
  row: Validation,
  outcome: Accepted,
  results: Results | undefined,
  unmatched: readonly UnmatchedCallback[],
): void {
  const { grainchainId, error } = outcome;
  // If the answer is the final word already, the run began with its dispatch.
  const started_at = row.started_at ?? (isAtGrainchain(outcome.status) ? null : row.dispatched_at);
  const patch = {
    grainchain_id: grainchainId ?? row.grainchain_id,
    attempts: row.attempts + 1,
    ...(isFinal(row.state) ? {} : { heard_at: changes.now, error, started_at }),
  };
  const reason = `accepted by Grainchain as ${statusText(outcome)}`;
  let after = changes.signal(
    row,
    signalOf(outcome),
    { reason, deliveryId: null, note: true, results },
    patch,
  );
  for (const callback of unmatched.filter((one) => belongsTo(one, after))) {
    changes.add({ kind: "matched", row: { id: callback.id, validation_id: row.id } });
    after = applyStatusUpdate(changes, after, callback);
  }
  // It was stopped, or had timed out, while the call was under way.
  const stopped = isFinal(row.state) && row.state !== "completed" && row.state !== "failed";
  if (stopped) changes.addCancel(after, `${row.state} while it was being dispatched`);
}

const isAtGrainchain = (status: Accepted["status"]): boolean => status === "pending" || status === "running";

/** Grainchain's ids can repeat: the project, the number and the time must agree as well. */
function belongsTo(callback: UnmatchedCallback, row: Validation): boolean {
  return (
    callback.given_id === row.grainchain_id &&
    callback.repository.toLowerCase() === row.repository.toLowerCase() &&
    callback.pr_number === row.pr_number &&
    callback.received_at >= (row.dispatched_at ?? row.created_at)
  );
}

function giveBack(
  changes: ChangeSet,
  row: Validation,
  outcome: Exclude<TriggerOutcome, Accepted>,
  next: (attempts: number) => NextAttempt,
): void {
  const { class: failureClass, error } = outcome;
  const cause = { reason: `${failureClass}: ${error}`.slice(0, 500), deliveryId: null };
  if (failureClass === "backpressure" || failureClass === "configuration") {
    changes.signal(row, { type: "returned" }, cause, { error, due_at: null });
    return;
  }
  const attempts = row.attempts + 1;
  const attempt = failureClass === "permanent" ? ({ dead: true } as const) : next(attempts);
  if (attempt.dead) {
    const dead = changes.signal(row, { type: "died" }, cause, { error, attempts });
    const { id: validation_id, created_at: first_at } = row;
    const deadLetter = effectDeadLetter("dispatch", { ...dead, validation_id, first_at }, outcome);
    changes.add({ kind: "deadLetter", row: deadLetter });
  } else {
    changes.signal(row, { type: "returned" }, cause, { error, attempts, due_at: attempt.dueAt });
  }
}
