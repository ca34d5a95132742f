/** Replays and discards of dead letters in the operator API, and the progress of other commands about many rows. */
import * as v from "valibot";
import { deadLetterScope } from "./dead-letter.ts";
import { pageQuery, time } from "./page.ts";

export const REPLAY_STATES = ["running", "done", "cancelled"] as const;

/** Rows per minute. */
export const MAX_RATE = 6000;
export const DEFAULT_RATE = 600;

export const replayItem = v.object({
  id: v.string(),
  /** `rerun` and `cancel` are about validations, the other two about dead letters. */
  action: v.picklist(["replay", "discard", "rerun", "cancel"]),
  requested_by: v.string(),
  requested_at: time,
  reason: v.nullable(v.string()),
  /** JSON of the scope that was given. */
  scope: v.string(),
  /** Rows per minute. */
  rate: v.number(),
  total: v.number(),
  /** Rows that are finished. */
  replayed: v.number(),
  /** Of those: could not be replayed, and are open again; of validations: left as they were. */
  failed: v.number(),
  status: v.picklist(REPLAY_STATES),
  finished_at: v.nullable(time),
});
export type ReplayItem = v.InferOutput<typeof replayItem>;

export const replayQuery = v.strictObject({ ...pageQuery });

const dryRunAndReason = {
  dry_run: v.optional(v.boolean(), false),
  reason: v.optional(v.pipe(v.string(), v.maxLength(500))),
};

/** What a command about many rows may be given beside its scope. */
export const rateAndReason = {
  ...dryRunAndReason,
  rate: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_RATE)), DEFAULT_RATE),
};

/** The body of `POST /api/replays`. */
export const replayRequest = v.strictObject({ scope: deadLetterScope, ...rateAndReason });
export type ReplayRequest = v.InferInput<typeof replayRequest>;

/** The body of `POST /api/dead-letters/discard`. */
export const discardRequest = v.strictObject({ scope: deadLetterScope, ...dryRunAndReason });
export type DiscardRequest = v.InferInput<typeof discardRequest>;
