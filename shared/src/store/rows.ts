/** Rows as the decisions see them. Times are ISO 8601 with milliseconds, UTC. */
import type { GrainchainStatus, ValidationState } from "../domain/validation.ts";

/** Results either inline, or under the id of the row where they wait. */
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
  /** Of a callback, other than those that finished the validation. */
  readonly results?: Results;
  /** Before the end: the status that these results are of. Only the first and the latest of each status stay. */
  readonly results_of?: GrainchainStatus;
  /** The whole entry is kept only as long as its results. */
  readonly only_results?: boolean;
}

export interface DeliveryRow {
  readonly id: string;
  readonly event: string;
  readonly action: string | null;
  readonly repository_id: number | null;
  readonly repository: string | null;
  readonly sender: string | null;
  /** The label of the secret that signed it; null if it was fetched. */
  readonly secret: string | null;
  /** As in the fact; null if it has none. */
  readonly fingerprint: string | null;
  readonly digest: string | null;
  readonly received_at: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly validation_id: string | null;
  /** When the event happened, as its payload says. */
  readonly occurred_at: string | null;
  /** When GitHub tried to deliver it, and since when it held it back. Known only if the delivery was searched for. */
  readonly delivered_at: string | null;
  readonly throttled_at: string | null;
  /** When it was found to be missing, and fetched. */
  readonly recovered_at: string | null;
}

export interface DeadLetter {
  readonly id: string;
  readonly kind: "fact" | "dispatch" | "cancel" | "report" | "event";
  readonly class: string;
  readonly error: string;
  readonly attempts: number;
  readonly first_at: string;
  readonly repository: string | null;
  readonly delivery_id: string | null;
  readonly validation_id: string | null;
  /** JSON of the fact or of the event; null for other effects, whose rows hold all that a replay needs. */
  readonly body: string | null;
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
