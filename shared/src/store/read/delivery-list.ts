import type * as v from "valibot";
import { type DeliveryItem, deliveryItem, type deliveryQuery } from "../../api/delivery.ts";
import { loadRepositoryId } from "../repository-names.ts";
import { given, type Page } from "./page.ts";
import { NOTHING, selectWindows } from "./window.ts";

/** Recorded deliveries, the latest received first. */
export async function listDeliveries(
  db: D1Database,
  query: v.InferOutput<typeof deliveryQuery>,
): Promise<Page<DeliveryItem>> {
  const { repo, state, event, since, until, limit, cursor } = query;
  const repositoryId = repo === undefined ? undefined : await loadRepositoryId(db, repo);
  if (repositoryId === null) return NOTHING;
  return selectWindows(db, {
    list: "deliveries",
    from: ["deliveries", "d"],
    columns: COLUMNS,
    along: given("d.repository_id = ?", repositoryId),
    filters: [...given("d.outcome = ?", state), ...given("d.event = ?", event)],
    ...{ since, until, limit, cursor },
    schema: deliveryItem,
  });
}

const COLUMNS = `
  d.id, d.event, d.action, d.repository, d.sender, d.secret, d.received_at, d.recorded_at, d.occurred_at, d.delivered_at,
  d.throttled_at, d.recovered_at, d.outcome, d.reason, d.validation_id`;

export const SELECT_DELIVERIES = `SELECT ${COLUMNS} FROM deliveries d`;
