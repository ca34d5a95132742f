/** Deliveries in the operator API. */
import * as v from "valibot";
import { pageQuery, repo, time, timeQuery } from "./page.ts";

export const deliveryItem = v.object({
  /** The GUID. */
  id: v.string(),
  event: v.string(),
  action: v.nullable(v.string()),
  repository: v.nullable(v.string()),
  sender: v.nullable(v.string()),
  /** The label of the webhook secret that signed it; null if it was fetched from GitHub. */
  secret: v.nullable(v.string()),
  received_at: time,
  recorded_at: time,
  /** When the event happened, as its payload says. */
  occurred_at: v.nullable(time),
  /** When GitHub first tried to deliver it, and since when it held it back. */
  delivered_at: v.nullable(time),
  throttled_at: v.nullable(time),
  /** When it was found to be missing, and fetched. */
  recovered_at: v.nullable(time),
  outcome: v.string(),
  reason: v.nullable(v.string()),
  validation_id: v.nullable(v.string()),
});
export type DeliveryItem = v.InferOutput<typeof deliveryItem>;

/** `state` is the outcome. */
export const deliveryQuery = v.strictObject({
  ...pageQuery,
  ...timeQuery,
  repo,
  event: v.optional(v.string()),
  state: v.optional(v.string()),
});
