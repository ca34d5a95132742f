/** What the outcome of a dispatch leads to. Pure: reads and changes only the draft. */
import type { NextAttempt } from "@webhook-gateway/shared/domain/failure.ts";
import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import type { Results, UnmatchedCallback, Validation } from "@webhook-gateway/shared/store/rows.ts";
import type { Accepted, TriggerOutcome } from "../dispatch/grainchain.ts";
import type { Draft } from "../record/change-set.ts";
import { effectDeadLetter } from "../record/dead-letters.ts";
import { applyWord, signalOf, statusText } from "./callback.ts";

export interface Dispatched {
  readonly id: string;
  readonly leaseId: string | null;
  readonly outcome: TriggerOutcome;
  /** Of an answer that brought some. */
  readonly results?: Results | undefined;
}

/**
 * Applies the outcomes of one dispatch to rows as they are now.
 * @param unmatched callbacks that came under a Grainchain id before its dispatch had answered
 * @param next says when an attempt is repeated, given how many were made
 */
export function decideOutcomes(
  draft: Draft,
  dispatched: readonly Dispatched[],
  unmatched: readonly UnmatchedCallback[],
  next: (attempts: number) => NextAttempt,
): void {
  for (const { id, leaseId, outcome, results } of dispatched) {
    const row = draft.validation(id);
    if (row === undefined) continue;
    if (outcome.class === "accepted") accept(draft, row, outcome, results, unmatched);
    // A failure matters only to the lease it came under: by now the row may have moved on, or be leased again.
    else if (row.state === "dispatching" && row.lease_id === leaseId) giveBack(draft, row, outcome, next);
  }
}

function accept(
  draft: Draft,
  row: Validation,
  outcome: Accepted,
  results: Results | undefined,
  unmatched: readonly UnmatchedCallback[],
): void {
  const { grainchainId, error } = outcome;
  const patch = {
    grainchain_id: grainchainId === "" ? row.grainchain_id : grainchainId,
    attempts: row.attempts + 1,
    ...(isFinal(row.state) ? {} : { heard_at: draft.now, error }),
  };
  const reason = `accepted by Grainchain as ${statusText(outcome)}`;
  let after = draft.signal(row, signalOf(outcome), { reason, deliveryId: null, note: true, results }, patch);
  for (const callback of unmatched.filter((one) => belongsTo(one, after))) {
    draft.addMatched(callback.id, row.id);
    after = applyWord(draft, after, callback);
  }
  // It was stopped, or given up, while the call was under way.
  const stopped = isFinal(row.state) && row.state !== "completed" && row.state !== "failed";
  if (stopped && after.grainchain_id !== null) {
    draft.addCancel(row.id, after.grainchain_id, `${row.state} while it was being dispatched`);
  }
}

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
  draft: Draft,
  row: Validation,
  outcome: Exclude<TriggerOutcome, Accepted>,
  next: (attempts: number) => NextAttempt,
): void {
  const { class: failureClass, error } = outcome;
  const cause = { reason: `${failureClass}: ${error}`.slice(0, 500), deliveryId: null };
  if (failureClass === "backpressure" || failureClass === "configuration") {
    draft.signal(row, { type: "returned" }, cause, { error, due_at: null });
    return;
  }
  const attempts = row.attempts + 1;
  const attempt = failureClass === "permanent" ? ({ dead: true } as const) : next(attempts);
  if (attempt.dead) {
    const dead = draft.signal(row, { type: "died" }, cause, { error, attempts });
    const { id: validation_id, created_at: first_at } = row;
    draft.addDeadLetter(effectDeadLetter("dispatch", { ...dead, validation_id, first_at }, outcome));
  } else {
    draft.signal(row, { type: "returned" }, cause, { error, attempts, due_at: attempt.dueAt });
  }
}
