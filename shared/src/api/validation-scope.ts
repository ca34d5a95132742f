/** Which validations a command about many is about. The consumer reads it too, so nothing else is in this file. */
import * as v from "valibot";
import { VALIDATION_STATES } from "../domain/validation.ts";
import { repo, timeQuery } from "./page.ts";
import { scopeOf } from "./scope.ts";

const anyState = VALIDATION_STATES.join("|");

/** Several, separated by commas. */
const validationStates = v.pipe(v.string(), v.regex(new RegExp(`^(?:${anyState})(?:,(?:${anyState}))*$`)));

export const validationFilter = v.strictObject({
  ...timeQuery,
  repo,
  /** `pull_request`, `merge_group` or `push`. */
  event: v.optional(v.string()),
  state: v.optional(validationStates),
  pr: v.optional(v.pipe(v.string(), v.regex(/^\d{1,10}$/))),
});

/** By id, by filter, or all: exactly one of the three. */
export const validationScope = scopeOf(validationFilter);
export type ValidationScope = v.InferOutput<typeof validationScope>;

export const BULK_ACTIONS = ["rerun", "cancel"] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];
