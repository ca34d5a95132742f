/** Searches for missing deliveries in the operator API. */
import * as v from "valibot";
import { pageQuery, time } from "./page.ts";

export const RECONCILE_STATES = ["waiting", "running", "done", "failed"] as const;

export const reconcileItem = v.object({
  id: v.string(),
  /** `cron` for scheduled searches. */
  requested_by: v.string(),
  requested_at: time,
  since: v.nullable(time),
  dry_run: v.boolean(),
  status: v.picklist(RECONCILE_STATES),
  finished_at: v.nullable(time),
  listed: v.number(),
  missing: v.number(),
  recovered: v.number(),
  redelivered: v.number(),
  error: v.nullable(v.string()),
});
export type ReconcileItem = v.InferOutput<typeof reconcileItem>;

export const reconcileQuery = v.strictObject({ ...pageQuery });

/** The body of `POST /api/reconciles`. */
export const reconcileRequest = v.strictObject({
  since: v.optional(time),
  dry_run: v.optional(v.boolean(), false),
});
export type ReconcileRequestBody = v.InferInput<typeof reconcileRequest>;
