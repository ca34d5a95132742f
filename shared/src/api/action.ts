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
  "pause",
  "resume",
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
  /** The id of a validation, replay or reconcile, a pull request (`owner/repo#12`) or a repository; null: many, or all. */
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
