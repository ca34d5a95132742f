/** What a callback leads to. Pure: reads and changes only the draft. */
import type { CallbackFact } from "@webhook-gateway/shared/fact.ts";
import type { Results, UnmatchedCallback, Validation } from "@webhook-gateway/shared/store/rows.ts";
import { isFinal } from "@webhook-gateway/shared/validation.ts";
import type { Draft } from "./draft.ts";

/** Decides a callback that was not recorded before. */
export function decideCallback(draft: Draft, fact: CallbackFact): void {
  const validation = findValidation(draft, fact);
  if (validation === undefined) draft.addUnmatched(unmatchedFrom(fact), fact.id_kind === "any");
  else applyCallback(draft, validation, fact);
}

/** What Grainchain says of a validation. */
export interface Word {
  /** The callback's; null where Grainchain was asked. */
  readonly id: string | null;
  readonly status: CallbackFact["status"];
  readonly success: boolean;
  readonly error?: string | null;
  readonly grainchain_id?: string | null;
  readonly received_at: string;
  readonly occurred_at: string | null;
  readonly results?: Results | undefined;
}

/** Applies Grainchain's word. A callback is always in the timeline; late or repeated it moves nothing. */
export function applyWord(draft: Draft, validation: Validation, word: Word): Validation {
  const late = isFinal(validation.state) ? ", after the end" : "";
  const told = word.id === null ? "Grainchain, when asked, said" : "callback";
  const started = validation.started_at ?? (word.status === "pending" ? null : startedAt(word));
  const live = !isFinal(validation.state);
  return draft.signal(
    validation,
    { type: "status", status: word.status, success: word.success },
    {
      reason: `${told} ${word.status}${late}`,
      deliveryId: word.id,
      note: word.id !== null,
      results: word.results,
    },
    {
      grainchain_id: validation.grainchain_id ?? word.grainchain_id ?? null,
      ...(live
        ? { started_at: started, heard_at: word.received_at, error: word.error ?? validation.error }
        : {}),
    },
  );
}

const startedAt = (word: Word): string => word.occurred_at ?? word.received_at;

function applyCallback(draft: Draft, validation: Validation, fact: CallbackFact): void {
  const stopped = validation.state === "cancelled" || validation.state === "superseded";
  const after = applyWord(draft, validation, { ...fact, results: resultsOf(fact) });
  // It was stopped before its id was known, and Grainchain is still at it.
  const running = fact.status === "pending" || fact.status === "running";
  if (stopped && running && validation.grainchain_id === null && after.grainchain_id !== null) {
    draft.addCancel(after.id, after.grainchain_id, `${validation.state} before Grainchain had it`);
  }
}

/** By our id, else by Grainchain's: its ids can repeat, so the same project and what is live come first. */
function findValidation(draft: Draft, fact: CallbackFact): Validation | undefined {
  const ours = draft.validation(fact.validation_id);
  if (ours !== undefined || fact.id_kind === "ours") return ours;
  const [best] = draft
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
    occurred_at: fact.occurred_at,
    ...(results === undefined ? {} : { results }),
  };
}
