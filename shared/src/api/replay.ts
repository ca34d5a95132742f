/** Replays and discards of dead letters in the operator API. */
import * as v from "valibot";
import { deadLetterScope } from "./dead-letter.ts";
import { pageQuery, time } from "./page.ts";

export const REPLAY_STATES = ["running", "done", "cancelled"] as const;

/** Dead letters per minute. */
export const MAX_RATE = 6000;
export const DEFAULT_RATE = 600;

export const replayItem = v.object({
  id: v.string(),
  action: v.picklist(["replay", "discard"]),
  requested_by: v.string(),
  requested_at: time,
  reason: v.nullable(v.string()),
  /** JSON of the scope that was given. */
  scope: v.string(),
  /** Dead letters per minute. */
  rate: v.number(),
  total: v.number(),
  /** Dead letters that are finished. */
  replayed: v.number(),
  /** Of those: could not be replayed, and are open again. */
  failed: v.number(),
  status: v.picklist(REPLAY_STATES),
  finished_at: v.nullable(time),
});
export type ReplayItem = v.InferOutput<typeof replayItem>;

export const replayQuery = v.strictObject({ ...pageQuery });

const common = {
  scope: deadLetterScope,
  dry_run: v.optional(v.boolean(), false),
  reason: v.optional(v.pipe(v.string(), v.maxLength(500))),
};

/** The body of `POST /api/replays`. */
export const replayRequest = v.strictObject({
  ...common,
  rate: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_RATE)), DEFAULT_RATE),
});
export type ReplayRequest = v.InferInput<typeof replayRequest>;

/** The body of `POST /api/dead-letters/discard`. */
export const discardRequest = v.strictObject(common);
export type DiscardRequest = v.InferInput<typeof discardRequest>;
