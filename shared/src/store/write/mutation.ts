/** What one transaction writes: a list of mutations, each of one kind of row. */
import type { Conclusion, GrainchainStatus, ValidationState } from "../../domain/validation.ts";
import type { DeliveryFact } from "../../messages/fact.ts";
import type { Count } from "../metrics.ts";
import type { OperatorAction } from "../operator-action.ts";
import type { DeadLetter, DeliveryRow, Results, TimelineEntry, UnmatchedCallback } from "../rows.ts";
import type { Limit } from "../sql/limit.ts";
import type { Subject } from "../subject-row.ts";
import type { Validation } from "../validation-row.ts";
import type { EventOutcome } from "./event-sql.ts";

/** The result of replaying a dead letter, if the replay still has it: `open` again if it could not be replayed. */
export interface SettledDeadLetter {
  readonly id: string;
  readonly replay_id: string;
  readonly status: "replayed" | "open";
  /** For a person. */
  readonly outcome: string;
}

/** A callback of which not everything is kept. */
export interface DroppedCallback {
  readonly id: string;
  readonly validation_id: string;
  /** What is not kept, and why. */
  readonly reason: string;
  readonly results?: Results | undefined;
}

export interface CancelOutcome {
  readonly validation_id: string;
  readonly status: "due" | "done" | "dead";
  readonly attempts: number;
  readonly due_at: string;
  /** Grainchain's answer. */
  readonly outcome: string | null;
  readonly error: string | null;
}

/** The outcome of a claimed report. */
export interface ReportOutcome {
  readonly validation_id: string;
  readonly lease_id: string;
  /** As claimed: if something else is wanted by now, the report stays due. */
  readonly revision: number;
  readonly state: ValidationState;
  readonly conclusion: Conclusion | null;
  readonly status: "due" | "posted" | "skipped" | "dead";
  readonly reason: string | null;
  readonly error: string | null;
  readonly attempts: number;
  readonly due_at: string;
  /** The installation that it is sent under, 0 if that is not known; null: as it was. */
  readonly installation_id: number | null;
  /** GitHub may or may not have it. */
  readonly uncertain: boolean;
  /** Null if nothing was posted. */
  readonly posted: {
    readonly hash: string;
    readonly external_id: string | null;
    /** Counts the posts in its context of the commit, from 1. */
    readonly number: number;
  } | null;
}

/** A reaction to a command in a comment. */
export interface WantedReaction {
  /** The delivery that brought the comment. */
  readonly delivery_id: string;
  readonly repository_id: number;
  readonly repository: string;
  readonly comment_id: number;
  /** `+1`: done. `confused`: the command had no effect. */
  readonly content: "+1" | "confused";
}

/** An approval on GitHub whose sender's permission is to be asked for. */
export interface WantedApproval {
  readonly delivery_id: string;
  readonly repository_id: number;
  readonly repository: string;
  readonly login: string;
  readonly fact: DeliveryFact;
}

export interface ApprovalOutcome {
  readonly delivery_id: string;
  readonly status: "due" | "done";
  /** The outcome; of one that is due, why it still is. */
  readonly reason: string | null;
  readonly attempts: number;
  readonly due_at: string;
  /** The installation that GitHub is asked under, 0 if that is not known; null: as it was. */
  readonly installation_id: number | null;
}

export interface ReactionOutcome {
  readonly delivery_id: string;
  readonly status: "due" | "posted" | "skipped";
  readonly reason: string | null;
  readonly attempts: number;
  readonly due_at: string;
  /** The installation that it is sent under, 0 if that is not known; null: as it was. */
  readonly installation_id: number | null;
}

interface Rows {
  action: OperatorAction;
  subject: Subject;
  validation: Validation;
  results: { readonly validation_id: string; readonly results: Results };
  timeline: TimelineEntry;
  /** Results of this status were added to the timeline before the end: the ones between them and the first go. */
  liveResults: { readonly validation_id: string; readonly results_of: GrainchainStatus };
  delivery: DeliveryRow;
  report: { readonly validation_id: string };
  /** A commit that a subject has left, come to, opened or closed: GitHub may now have to show another run of it. */
  head: { readonly repository_id: number; readonly head_sha: string };
  cancel: { readonly validation_id: string; readonly grainchain_id: string; readonly reason: string };
  deadLetter: DeadLetter;
  settledDeadLetter: SettledDeadLetter;
  /** No validation had its `given_id` at Grainchain. */
  unmatched: UnmatchedCallback;
  dropped: DroppedCallback;
  /** How many unmatched callbacks there were under an id at Grainchain when an answer gave it. */
  awaited: { readonly given_id: string; readonly unmatched: number };
  matched: { readonly id: string; readonly validation_id: string };
  cancelOutcome: CancelOutcome;
  reportOutcome: ReportOutcome;
  approval: WantedApproval;
  approvalOutcome: ApprovalOutcome;
  reaction: WantedReaction;
  reactionOutcome: ReactionOutcome;
  eventOutcome: EventOutcome;
  limit: Limit;
  /** For scrapers. */
  metric: Count;
  setting: { readonly name: string; readonly value: unknown };
  turn: { readonly repository_id: number; readonly lane: number; readonly last_turn: number };
}

export type MutationKind = keyof Rows;

export type Mutation<Kind extends MutationKind = MutationKind> = {
  [K in Kind]: {
    readonly kind: K;
    readonly row: Rows[K];
    /** Of a validation that is stored already: as it was read. */
    readonly stored?: Validation | undefined;
  };
}[Kind];

/** The rows of one kind, in their order. */
export function rowsOf<Kind extends MutationKind>(
  mutations: readonly Mutation[],
  kind: Kind,
): Mutation<Kind>["row"][] {
  const isOfKind = (one: Mutation): one is Mutation & Mutation<Kind> => one.kind === kind;
  return mutations.filter(isOfKind).map(({ row }) => row);
}
