/** The trace of a delivery or validation in the operator API. */
import * as v from "valibot";
import { deadLetterItem } from "./dead-letter.ts";
import { deliveryItem } from "./delivery.ts";
import { time } from "./page.ts";
import { validationItem } from "./validation.ts";

export const traceQuery = v.strictObject({
  /** A delivery's GUID, a validation's id, a pull request's URL, `owner/repo#12`, or a SHA (7 digits at least). */
  q: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(400)),
});

export const traceStep = v.object({
  at: time,
  /** Since the step before it, in milliseconds; null for the first. */
  gap_ms: v.nullable(v.number()),
  /** `happened`, `delivered`, `accepted`, `recorded`, a validation's state, `callback`, `reported`, `now`. */
  step: v.string(),
  /** For a person: the reason, and what it is waiting for. */
  detail: v.string(),
});
export type TraceStep = v.InferOutput<typeof traceStep>;

export const validationTrace = v.object({
  validation: validationItem,
  steps: v.array(traceStep),
  dead_letters: v.array(deadLetterItem),
});

export const trace = v.object({
  /** The kind of thing that was asked about. */
  kind: v.picklist(["delivery", "validation", "pull_request", "sha"]),
  deliveries: v.array(deliveryItem),
  validations: v.array(validationTrace),
  /** Of deliveries that could not be recorded. */
  dead_letters: v.array(deadLetterItem),
  /** Repositories that have been renamed since. */
  renamed: v.array(v.object({ from: v.string(), to: v.string() })),
});
export type Trace = v.InferOutput<typeof trace>;
