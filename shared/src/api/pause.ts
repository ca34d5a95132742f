/** Pauses of dispatch in the operator API. */
import * as v from "valibot";
import { repo, time } from "./page.ts";

export const pauseItem = v.object({
  /** Null: all of them. */
  repository: v.nullable(v.string()),
  paused_at: time,
  /** When it ends by itself; null: when somebody resumes. */
  until: v.nullable(time),
  /** Who paused it: `operator:<name>`. */
  actor: v.string(),
  reason: v.nullable(v.string()),
});
export type PauseItem = v.InferOutput<typeof pauseItem>;

/** A year. */
export const MAX_PAUSE_SECONDS = 366 * 86_400;

/** The body of `POST /api/pauses`. Without a repository: all of them. */
export const pauseRequest = v.strictObject({
  repository: repo,
  /** It ends by itself after this time. */
  for_seconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_PAUSE_SECONDS))),
  reason: v.optional(v.pipe(v.string(), v.maxLength(500))),
});
export type PauseRequest = v.InferInput<typeof pauseRequest>;

/** The body of `POST /api/pauses/resume`. Without a repository: ends the pause of all, and no other. */
export const resumeRequest = v.strictObject({ repository: repo });
export type ResumeRequest = v.InferInput<typeof resumeRequest>;

export const resumeAnswer = v.object({
  success: v.literal(true),
  message: v.string(),
  repository: v.nullable(v.string()),
});
