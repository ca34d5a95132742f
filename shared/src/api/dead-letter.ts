/** Dead letters in the operator API. */
import * as v from "valibot";
import { pageQuery, repo, time, timeQuery } from "./page.ts";
import { previewOf, scopeOf } from "./scope.ts";

export const DEAD_LETTER_KINDS = ["fact", "dispatch", "cancel", "report", "event"] as const;
export const DEAD_LETTER_STATES = ["open", "replaying", "replayed", "discarded"] as const;

export const deadLetterItem = v.object({
  id: v.string(),
  kind: v.picklist(DEAD_LETTER_KINDS),
  class: v.string(),
  error: v.string(),
  attempts: v.number(),
  first_at: time,
  died_at: time,
  repository: v.nullable(v.string()),
  delivery_id: v.nullable(v.string()),
  validation_id: v.nullable(v.string()),
  status: v.picklist(DEAD_LETTER_STATES),
  replay_id: v.nullable(v.string()),
  closed_at: v.nullable(time),
  /** The outcome of its replay. */
  outcome: v.nullable(v.string()),
});
export type DeadLetterItem = v.InferOutput<typeof deadLetterItem>;

/** With the fact or the event itself, if there is one. */
export const deadLetterDetail = v.object({ ...deadLetterItem.entries, body: v.nullable(v.string()) });
export type DeadLetterDetail = v.InferOutput<typeof deadLetterDetail>;

const filterEntries = {
  ...timeQuery,
  repo,
  /** Of the delivery behind it. */
  event: v.optional(v.string()),
  kind: v.optional(v.picklist(DEAD_LETTER_KINDS)),
  class: v.optional(v.string()),
};

/** `state` is the dead letter's: `open` by default. */
export const deadLetterQuery = v.strictObject({
  ...pageQuery,
  ...filterEntries,
  state: v.optional(v.picklist([...DEAD_LETTER_STATES, "any"])),
});

export const deadLetterFilter = v.strictObject(filterEntries);
export type DeadLetterFilter = v.InferOutput<typeof deadLetterFilter>;

/** Which dead letters: by id, by filter, or all that are open. Exactly one of the three. */
export const deadLetterScope = scopeOf(deadLetterFilter);
export type DeadLetterScope = v.InferOutput<typeof deadLetterScope>;

/** The result of a dry run. */
export const deadLetterPreview = previewOf(deadLetterItem);
export type DeadLetterPreview = v.InferOutput<typeof deadLetterPreview>;
