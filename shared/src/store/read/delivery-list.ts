import type * as v from "valibot";
import { type DeliveryItem, deliveryItem, type deliveryQuery } from "../../api/delivery.ts";
import { loadNames } from "../repository-names.ts";
import { type Condition, given, givenTime, leading, type Page, selectPage } from "./page.ts";

/** Recorded deliveries, the latest received first. */
export async function listDeliveries(
  db: D1Database,
  query: v.InferOutput<typeof deliveryQuery>,
): Promise<Page<DeliveryItem>> {
  const { repo, state, event } = query;
  const names = repo === undefined ? [] : (await loadNames(db, repo)).own;
  return selectPage(db, {
    list: "deliveries",
    select: SELECT_DELIVERIES,
    conditions: [
      ...given(leading("d.outcome = ?", repo === undefined), state),
      ...given(leading("d.event = ?", repo === undefined && state === undefined), event),
      ...givenTime("d.received_at >= ?", query.since),
      ...givenTime("d.received_at < ?", query.until),
    ],
    anyOf: names.map((name): readonly Condition[] => [["d.repository = ?", name]]),
    order: ["d.received_at", "d.id"],
    keyOf: ({ received_at, id }) => [received_at, id],
    schema: deliveryItem,
    limit: query.limit,
    cursor: query.cursor,
  });
}

export const SELECT_DELIVERIES = `
  SELECT d.id, d.event, d.action, d.repository, d.sender, d.secret, d.received_at, d.recorded_at, d.occurred_at, d.delivered_at,
         d.throttled_at, d.recovered_at, d.outcome, d.reason, d.validation_id
  FROM deliveries d`;
