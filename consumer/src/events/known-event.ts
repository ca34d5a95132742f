import type { DueEvent } from "@webhook-gateway/shared/store/claim/events.ts";

/** An event whose validation still exists. */
export type KnownEvent = {
  readonly [Key in keyof Omit<DueEvent, "sequence">]: Key extends OfValidation
    ? NonNullable<DueEvent[Key]>
    : DueEvent[Key];
} & {
  readonly id: string;
  /** Orders the events of a validation as texts. */
  readonly sequence: string;
};

type OfValidation =
  | "repository"
  | "event"
  | "pr_number"
  | "pr_url"
  | "ref"
  | "head_sha"
  | "base_sha"
  | "run"
  | "delivery_id";

const SEQUENCE_DIGITS = 8;

/** An event with its id; undefined if its validation was deleted. */
export function knownEvent(due: DueEvent): KnownEvent | undefined {
  const { repository, event, pr_number, pr_url, ref, head_sha, base_sha, run, delivery_id } = due;
  if (repository === null || event === null || pr_number === null || pr_url === null) return undefined;
  if (ref === null || head_sha === null || base_sha === null || run === null || delivery_id === null)
    return undefined;
  const sequence = String(due.sequence).padStart(SEQUENCE_DIGITS, "0");
  const id = `${due.validation_id}-${sequence}`;
  const known = { repository, event, pr_number, pr_url, ref, head_sha, base_sha, run, delivery_id };
  return { ...due, ...known, id, sequence };
}
