/** Decides callbacks. Pure: reads and changes only the change set. */

import { isFinal, type Signal, transition } from "@webhook-gateway/shared/domain/validation.ts";
import type { CallbackFact } from "@webhook-gateway/shared/messages/fact.ts";
import {
  keepLive,
  keepsLate,
  MAX_LATE_CALLBACKS,
  MAX_LIVE_CALLBACKS,
  withLate,
} from "@webhook-gateway/shared/runs/callback-limits.ts";
import { plausible } from "@webhook-gateway/shared/runs/run-times.ts";
import type { Results, UnmatchedCallback } from "@webhook-gateway/shared/store/rows.ts";
import type { Validation } from "@webhook-gateway/shared/store/validation-row.ts";
import { plainLine } from "@webhook-gateway/shared/text/plain.ts";
import { endIfTooOld } from "./age.ts";
import type { ChangeSet } from "./change-set.ts";

/**
 * Decides a callback that was not recorded before. A capability ends with its validation: if that is deleted, nothing is
 * written.
 * @param maxAgeMs a validation may be at Grainchain for this long in all
 * @returns the outcome, for a person
 */
export function decideCallback(changes: ChangeSet, fact: CallbackFact, maxAgeMs: number): string {
  const validation = findValidation(changes, fact);
  if (validation !== undefined) applyCallback(changes, validation, fact, maxAgeMs);
  else if (fact.id_kind === "any") changes.add({ kind: "unmatched", row: unmatchedFrom(fact) });
  else return drop(changes, { ...fact, results: resultsOf(fact) }, fact.validation_id, GONE);
  return "recorded";
}

const GONE = "its validation is deleted";

/** Grainchain's status of a validation, from a callback or from its answer. */
export interface StatusUpdate {
  /** The callback's; null if Grainchain was asked. */
  readonly id: string | null;
  readonly status: CallbackFact["status"];
  /** Of a completed run. */
  readonly success: boolean;
  /** Why nothing is known about the change, even if the run completed. */
  readonly error: string | null;
  readonly grainchain_id?: string | null;
  readonly received_at: string;
  readonly occurred_at: string | null;
  /** Grainchain's own times of the run. */
  readonly started_at?: string | null | undefined;
  readonly completed_at?: string | null | undefined;
  readonly results?: Results | undefined;
}

/** Applies a status update. A repeated one moves nothing. What is kept of callbacks is bounded: see `keepLive`. */
export function applyStatusUpdate(
  changes: ChangeSet,
  validation: Validation,
  update: StatusUpdate,
): Validation {
  if (isFinal(validation.state)) return applyLateStatusUpdate(changes, validation, update);
  const endedAt = plausible(update.completed_at, validation.created_at, changes.now);
  const patch = {
    grainchain_id: validation.grainchain_id ?? update.grainchain_id ?? null,
    started_at: startedAt(validation, update, endedAt ?? changes.now),
    resendable: false,
    heard_at: update.received_at,
    error: update.error ?? validation.error,
  };
  const signal = signalOf(update);
  const { id, results } = update;
  if (id === null) {
    const reason = `Grainchain, when asked, said ${statusText(update)}`;
    return changes.signal(validation, signal, { reason, deliveryId: id, results, endedAt }, patch);
  }
  const kept = transition(validation, signal).moved ? "row" : keepLive(validation, results !== undefined);
  const cause = { reason: `callback ${statusText(update)}`, deliveryId: id, endedAt };
  if (kept === "nothing") {
    drop(changes, { id }, validation.id, BEYOND_LIVE);
    return changes.signal(validation, signal, cause, patch);
  }
  const live_callbacks = validation.live_callbacks + (kept === "row" ? 1 : 0);
  const keeping = { note: true, results, resultsOf: update.status, onlyResults: kept === "results" };
  return changes.signal(validation, signal, { ...cause, ...keeping }, { ...patch, live_callbacks });
}

/** After the end nothing moves, and what is kept is bounded: see `keepsLate`. */
function applyLateStatusUpdate(changes: ChangeSet, validation: Validation, update: StatusUpdate): Validation {
  const { id, status, results } = update;
  if (id === null) return validation;
  const keeps = keepsLate(validation, status);
  if (!keeps.callback) {
    drop(changes, { id, results }, validation.id, BEYOND);
    return validation;
  }
  const lost = results !== undefined && !keeps.results;
  if (lost) drop(changes, { id, results }, validation.id, REPEATED);
  const late = withLate(validation, status, results !== undefined && !lost);
  const last = late.late_callbacks === MAX_LATE_CALLBACKS;
  const reason = `callback ${statusText(update)}, after the end${lost ? `; ${REPEATED}` : ""}${last ? `; ${LAST}` : ""}`;
  return changes.signal(
    validation,
    signalOf(update),
    { reason, deliveryId: id, note: true, results: lost ? undefined : results },
    { grainchain_id: validation.grainchain_id ?? update.grainchain_id ?? null, ...late },
  );
}

const BEYOND_LIVE = `${MAX_LIVE_CALLBACKS} are in the timeline already`;
const BEYOND = `${MAX_LATE_CALLBACKS} have arrived since the end`;
const REPEATED = "its results are dropped: this status has some already";
const LAST = "no further ones are kept";

function drop(
  changes: ChangeSet,
  { id, results }: { readonly id: string; readonly results?: Results | undefined },
  validationId: string,
  reason: string,
): string {
  changes.add({ kind: "dropped", row: { id, validation_id: validationId, reason, results } });
  return `dropped: ${reason}`;
}

type Verdict = Pick<StatusUpdate, "status" | "success" | "error">;

const lacksVerdict = ({ status, success, error }: Verdict): boolean =>
  status === "completed" && !success && error !== null;

/** A run that completed without a verdict is neither a failure nor a success of the change. */
export const signalOf = (update: Verdict): Signal => ({
  type: "status",
  status: lacksVerdict(update) ? "failed" : update.status,
  success: update.success,
});

/** Of the reason that Grainchain gives. */
const REASON_BYTES = 300;

/** The status in words, for the timeline. */
export function statusText(update: Verdict): string {
  const { status, error } = update;
  if (status === "failed" && error !== null) return `failed: ${plainLine(error, REASON_BYTES)}`;
  return lacksVerdict(update) ? `${status} without a verdict` : status;
}

/** Of the run: never after its end. */
function startedAt(validation: Validation, update: StatusUpdate, end: string): string | null {
  const own = plausible(update.started_at, validation.created_at, end);
  const start = own ?? validation.started_at ?? firstHeard(validation, update);
  return start !== null && isEnd(update.status) && start > end ? end : start;
}

/** If the first update is final, the run started at dispatch. */
function firstHeard(
  validation: Validation,
  { status, occurred_at, received_at }: StatusUpdate,
): string | null {
  if (status === "pending") return null;
  const heard = occurred_at ?? received_at;
  return isEnd(status) ? (validation.dispatched_at ?? heard) : heard;
}

const isEnd = (status: StatusUpdate["status"]): boolean => status !== "pending" && status !== "running";

function applyCallback(
  changes: ChangeSet,
  validation: Validation,
  fact: CallbackFact,
  maxAgeMs: number,
): void {
  const stopped = validation.state === "cancelled" || validation.state === "superseded";
  const after = applyStatusUpdate(changes, validation, { ...fact, results: resultsOf(fact) });
  // It was stopped before its id was known, and Grainchain is still running it.
  const running = fact.status === "pending" || fact.status === "running";
  if (stopped && running && validation.grainchain_id === null) {
    changes.addCancel(after, `${validation.state} before Grainchain had it`);
  }
  // What was queued again until now has not been there since its last dispatch.
  const wasThere = validation.state === "pending" || validation.state === "running";
  if (wasThere) endIfTooOld(changes, after, maxAgeMs, { at: fact.received_at, deliveryId: fact.id });
}

/** By our id, else by Grainchain's: its ids can repeat, so the same project and live validations come first. */
function findValidation(changes: ChangeSet, fact: CallbackFact): Validation | undefined {
  const ours = changes.validation(fact.validation_id);
  if (ours !== undefined || fact.id_kind === "ours") return ours;
  const [best] = changes
    .validations()
    .filter((row) => row.grainchain_id === fact.validation_id)
    .toSorted((a, b) => score(b, fact) - score(a, fact) || b.created_at.localeCompare(a.created_at));
  return best;
}

function score(row: Validation, fact: CallbackFact): number {
  const sameProject = row.repository.toLowerCase() === fact.project_id.toLowerCase();
  const samePull = row.pr_number === fact.pr_number;
  return (sameProject ? 4 : 0) + (samePull ? 2 : 0) + (isFinal(row.state) ? 0 : 1);
}

function resultsOf(fact: CallbackFact): Results | undefined {
  if (fact.results_stored) return { storedUnder: fact.id };
  return fact.results === undefined ? undefined : { inline: fact.results };
}

function unmatchedFrom(fact: CallbackFact): UnmatchedCallback {
  const results = resultsOf(fact);
  return {
    id: fact.id,
    received_at: fact.received_at,
    given_id: fact.validation_id,
    repository: fact.project_id,
    pr_number: fact.pr_number,
    status: fact.status,
    success: fact.success,
    error: fact.error,
    occurred_at: fact.occurred_at,
    ...(results === undefined ? {} : { results }),
  };
}
