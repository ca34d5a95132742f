/** What operators asked for, in the operator API. */
import * as v from "valibot";
import { pageQuery, time, timeQuery } from "./page.ts";

export const ACTION_NAMES = [
  "cancel",
  "rerun",
  "approve",
  "replay",
  "discard",
  "cancel-replay",
  "reconcile",
  "audit",
] as const;
export type ActionName = (typeof ACTION_NAMES)[number];

/** `unchanged`: there was nothing to do. */
export const ACTION_OUTCOMES = ["done", "unchanged", "refused"] as const;

export const actionItem = v.object({
  id: v.string(),
  /** When it was asked for. */
  at: time,
  /** `operator:<name>`, `reader:<name>` or `github:<login>`. */
  actor: v.string(),
  action: v.string(),
  /** The id of a validation, replay or reconcile, or a pull request (`owner/repo#12`); null for a refused command about many. */
  target: v.nullable(v.string()),
  /** The reason that was given, or why it was refused or changed nothing. */
  reason: v.nullable(v.string()),
  outcome: v.picklist(ACTION_OUTCOMES),
});
export type ActionItem = v.InferOutput<typeof actionItem>;

export const actionQuery = v.strictObject({
  ...pageQuery,
  ...timeQuery,
  actor: v.optional(v.pipe(v.string(), v.maxLength(200))),
  action: v.optional(v.picklist(ACTION_NAMES)),
  outcome: v.optional(v.picklist(ACTION_OUTCOMES)),
});
