/** One debug line for each fact of a batch. At any other level it would cost as much as the facts: D1 says the same. */
import type { CallbackFact, Fact, OrderFact } from "@webhook-gateway/shared/messages/fact.ts";
import type { Changes, TimelineEntry } from "@webhook-gateway/shared/store/rows.ts";
import type { Log } from "@webhook-gateway/shared/telemetry/log.ts";

/**
 * To be called with changes that are committed.
 * @param repeated facts that were recorded before, or stand in the batch twice
 */
export function logRecorded(
  log: Log,
  facts: readonly Fact[],
  repeated: ReadonlySet<Fact>,
  { deliveries, timeline, unmatched }: Pick<Changes, "deliveries" | "timeline" | "unmatched">,
): void {
  for (const { id, outcome, reason, validation_id } of deliveries) {
    log.debug("delivery.recorded", { delivery_id: id, outcome, reason, validation_id });
  }
  // What a fact led to first stands last here, and stays.
  const entries = new Map(timeline.toReversed().map((entry) => [entry.delivery_id, entry]));
  for (const { id, status, given_id } of unmatched) {
    log.debug("callback.recorded", { callback_id: id, status, outcome: "unmatched", given_id });
  }
  for (const fact of facts) {
    if (repeated.has(fact)) log.debug(`${fact.kind}.repeated`, { [`${fact.kind}_id`]: fact.id });
    // One that found its validation is in the timeline, whatever it moved.
    else if (fact.kind === "callback") logCallback(log, fact, entries.get(fact.id));
    else if (fact.kind === "order") logOrder(log, fact, entries.get(fact.id));
  }
}

function logCallback(log: Log, { id, status }: CallbackFact, entry?: TimelineEntry): void {
  if (entry === undefined) return;
  const { validation_id, to_state } = entry;
  const outcome = { outcome: "matched", validation_id, state: to_state };
  log.debug("callback.recorded", { callback_id: id, status, ...outcome });
}

/** An order about what is gone, or has finished, leads to nothing. */
function logOrder(log: Log, { id, order, validation_id }: OrderFact, entry?: TimelineEntry): void {
  log.debug("order.recorded", { order_id: id, order, validation_id, reason: entry?.reason ?? null });
}
