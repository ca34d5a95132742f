/** The gateway's status in the operator API. */
import * as v from "valibot";
import { VALIDATION_STATES } from "../domain/validation.ts";
import { time } from "./page.ts";
import { pauseItem } from "./pause.ts";

export const gateItem = v.object({
  /** `grainchain`, `github`, or `sink`: that of events. */
  name: v.string(),
  state: v.picklist(["open", "closed"]),
  reason: v.nullable(v.string()),
  detail: v.nullable(v.string()),
  since: v.nullable(time),
  /** Nothing is sent before this time. */
  until: v.nullable(time),
});
export type GateItem = v.InferOutput<typeof gateItem>;

/** One hour of validations. */
export const hourItem = v.object({
  hour: time,
  validations: v.number(),
  succeeded: v.number(),
  failed_checks: v.number(),
  /** Ended `failed`, `dead` or `timed_out`. */
  broken: v.number(),
  /** From queued to finished, estimated from the counts of durations. */
  p50_ms: v.nullable(v.number()),
  p95_ms: v.nullable(v.number()),
  p99_ms: v.nullable(v.number()),
});
export type HourItem = v.InferOutput<typeof hourItem>;

export const overview = v.object({
  service: v.literal("webhook-gateway"),
  version: v.string(),
  environment: v.string(),
  timestamp: time,
  /** Who asks, as in the list of actions: `operator:alice`. */
  actor: v.optional(v.string()),
  /** Live ones, and those that ended within the last 24 hours. */
  states: v.record(v.picklist(VALIDATION_STATES), v.number()),
  waiting: v.object({
    live: v.number(),
    replay: v.number(),
    backing_off: v.number(),
    oldest_at: v.nullable(time),
    next_due_at: v.nullable(time),
  }),
  /** Pauses of dispatch. */
  pauses: v.array(pauseItem),
  gates: v.array(gateItem),
  dead_letters: v.array(
    v.object({ kind: v.string(), class: v.string(), letters: v.number(), oldest_at: time }),
  ),
  reports: v.object({ due: v.number(), oldest_due_at: v.nullable(time), dead: v.number() }),
  cancels: v.object({ due: v.number(), dead: v.number() }),
  /** State changes that are to be sent to the sink of events. */
  events: v.object({ oldest_at: v.nullable(time) }),
  deliveries: v.object({ last_at: v.nullable(time), last_hour: v.number(), recovered_last_day: v.number() }),
  replays_running: v.number(),
  /** Runs that were not needed, because the same files had passed: of the last 24 hours. */
  reused_last_day: v.number(),
  database: v.object({
    bytes: v.number(),
    max_bytes: v.number(),
    /** For how many days rows are kept instead of as configured, because the database would fill up; null: as configured. */
    shortened: v.nullable(
      v.object({ since: time, deliveries_days: v.number(), validations_days: v.number() }),
    ),
  }),
  /** The last 24, newest first; hours without a validation are left out. */
  hours: v.array(hourItem),
});
export type Overview = v.InferOutput<typeof overview>;
