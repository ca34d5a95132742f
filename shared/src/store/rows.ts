/** Rows as the decisions see them, and what a decision may change. Times are ISO 8601 with milliseconds, UTC. */
import type { Late } from "../domain/late-callback.ts";
import type { Edge } from "../domain/ordering.ts";
import type { SubjectKind } from "../domain/subject.ts";
import type { Conclusion, GrainchainStatus, ValidationState } from "../domain/validation.ts";
import type { ReactionOutcome, WantedReaction } from "./claim/reactions.ts";
import type { ReportOutcome } from "./claim/reports.ts";

/** A pull request, merge group or branch: its newest head, by which later deliveries are judged. */
export interface Subject {
  readonly repository_id: number;
  readonly subject: string;
  readonly repository: string;
  readonly kind: SubjectKind;
  readonly number: number;
  readonly url: string;
  readonly clone_url: string;
  readonly head_sha: string;
  readonly head_ref: string;
  readonly base_sha: string;
  readonly draft: boolean;
  readonly state: "open" | "closed";
  /** `updated_at` of the newest event applied. */
  readonly at: string;
  readonly edges: readonly Edge[];
  /** A reopen was seen whose close was not: the close that is still to come is older than the reopen. */
  readonly close_outstanding: boolean;
  /** 0 for a row not yet stored. */
  readonly version: number;
}

/** One run for one head. `results` are not read with it: they can be large. */
export interface Validation extends Late {
  readonly id: string;
  readonly repository_id: number;
  readonly repository: string;
  readonly subject: string;
  readonly event: string;
  readonly pr_number: number;
  readonly pr_url: string;
  readonly clone_url: string;
  readonly ref: string;
  readonly head_sha: string;
  readonly base_sha: string;
  readonly run: number;
  /** What asked for this run; the same cause starts no second one. */
  readonly cause: string;
  readonly delivery_id: string;
  readonly state: ValidationState;
  readonly conclusion: Conclusion | null;
  /** 0 live, 1 replayed. */
  readonly lane: number;
  readonly turn: number;
  readonly attempts: number;
  /** Not before this time; null: now. */
  readonly due_at: string | null;
  readonly lease_id: string | null;
  readonly lease_until: string | null;
  readonly grainchain_id: string | null;
  readonly error: string | null;
  readonly created_at: string;
  readonly dispatched_at: string | null;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly heard_at: string | null;
  readonly version: number;
}

/** Results either inline or under the id of the row where they wait. */
export type Results =
  | { readonly inline: Readonly<Record<string, unknown>> }
  | { readonly storedUnder: string };

export interface TimelineEntry {
  readonly validation_id: string;
  readonly at: string;
  readonly from_state: ValidationState | null;
  readonly to_state: ValidationState;
  readonly reason: string;
  /** The delivery or callback that caused it. */
  readonly delivery_id: string | null;
  /** Results that came when the validation had finished already. */
  readonly results?: Results;
}

export interface DeliveryRow {
  readonly id: string;
  readonly event: string;
  readonly action: string | null;
  readonly repository_id: number | null;
  readonly repository: string | null;
  readonly sender: string | null;
  readonly received_at: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly validation_id: string | null;
  /** When the event happened, as its payload says. */
  readonly occurred_at: string | null;
  /** When GitHub tried to deliver it, and since when it held it back; known of those that were searched for. */
  readonly delivered_at: string | null;
  readonly throttled_at: string | null;
  /** When it was found to be missing, and fetched. */
  readonly recovered_at: string | null;
}

export interface DeadLetter {
  readonly id: string;
  readonly kind: "fact" | "dispatch" | "cancel" | "report";
  readonly class: string;
  readonly error: string;
  readonly attempts: number;
  readonly first_at: string;
  readonly repository: string | null;
  readonly delivery_id: string | null;
  readonly validation_id: string | null;
  /** JSON of the fact; null for an effect, whose row holds all that a replay needs. */
  readonly body: string | null;
}

/** What came of replaying a letter, if it is still its replay's: `open` again where it could not be. */
export interface SettledLetter {
  readonly id: string;
  readonly replay_id: string;
  readonly status: "replayed" | "open";
  /** For a person. */
  readonly outcome: string;
}

export interface UnmatchedCallback {
  readonly id: string;
  readonly received_at: string;
  readonly given_id: string;
  readonly repository: string;
  readonly pr_number: number;
  readonly status: GrainchainStatus;
  readonly success: boolean;
  /** As in the callback's fact. */
  readonly error: string | null;
  readonly occurred_at: string | null;
  readonly results?: Results;
}

/** A callback of which not everything is kept. */
export interface DroppedCallback {
  readonly id: string;
  readonly validation_id: string;
  /** What is not kept, and why. */
  readonly reason: string;
  readonly results?: Results | undefined;
}

/** What became of a cancel: it is due again, or done, or dead. */
export interface CancelOutcome {
  readonly validation_id: string;
  readonly status: "due" | "done" | "dead";
  readonly attempts: number;
  readonly due_at: string;
  /** What Grainchain said. */
  readonly outcome: string | null;
  readonly error: string | null;
}

/** Everything that one transaction writes. */
export interface Changes {
  readonly now: string;
  readonly subjects: readonly Subject[];
  readonly validations: readonly Validation[];
  readonly results: readonly { readonly validation_id: string; readonly results: Results }[];
  readonly timeline: readonly TimelineEntry[];
  readonly deliveries: readonly DeliveryRow[];
  readonly reports: readonly { readonly validation_id: string }[];
  /** Commits that a subject has left, come to, opened or closed: what GitHub is shown of them may be another's. */
  readonly heads: readonly { readonly repository_id: number; readonly head_sha: string }[];
  readonly cancels: readonly {
    readonly validation_id: string;
    readonly grainchain_id: string;
    readonly reason: string;
  }[];
  readonly deadLetters: readonly DeadLetter[];
  readonly letters: readonly SettledLetter[];
  readonly unmatched: readonly UnmatchedCallback[];
  readonly dropped: readonly DroppedCallback[];
  /** No validation has these ids at Grainchain: why their callbacks are unmatched. */
  readonly unknownIds: readonly string[];
  /** So many callbacks were unmatched under these ids at Grainchain when its answers gave them. */
  readonly awaited: readonly { readonly given_id: string; readonly unmatched: number }[];
  readonly matched: readonly { readonly id: string; readonly validation_id: string }[];
  readonly cancelOutcomes: readonly CancelOutcome[];
  readonly reportOutcomes: readonly ReportOutcome[];
  readonly reactions: readonly WantedReaction[];
  readonly reactionOutcomes: readonly ReactionOutcome[];
  readonly settings: readonly { readonly name: string; readonly value: unknown }[];
  readonly turns: readonly {
    readonly repository_id: number;
    readonly lane: number;
    readonly last_turn: number;
  }[];
}

/** No change at all, to spread the actual ones over. */
export const noChanges = (now: string): Changes => ({
  now,
  subjects: [],
  validations: [],
  results: [],
  timeline: [],
  deliveries: [],
  reports: [],
  heads: [],
  cancels: [],
  deadLetters: [],
  letters: [],
  unmatched: [],
  dropped: [],
  unknownIds: [],
  awaited: [],
  matched: [],
  cancelOutcomes: [],
  reportOutcomes: [],
  reactions: [],
  reactionOutcomes: [],
  settings: [],
  turns: [],
});
