/** One debug line for each fact of a batch. At any other level it would cost as much as the facts, and D1 says the same. */
import type { Fact } from "@webhook-gateway/shared/messages/fact.ts";
import { type Mutation, rowsOf } from "@webhook-gateway/shared/store/write/mutation.ts";
import type { Log } from "@webhook-gateway/shared/telemetry/log.ts";

/**
 * Call it with mutations that are committed.
 * @param repeated facts that were recorded before, or are in the batch twice
 */
export function logRecorded(
  log: Log,
  facts: readonly Fact[],
  repeated: ReadonlySet<Fact>,
  mutations: readonly Mutation[],
): void {
  for (const { id, outcome, reason, validation_id } of rowsOf(mutations, "delivery")) {
    log.debug("delivery.recorded", { delivery_id: id, outcome, reason, validation_id });
  }
  for (const { id, status, given_id } of rowsOf(mutations, "unmatched")) {
    log.debug("callback.recorded", { callback_id: id, status, outcome: "unmatched", given_id });
  }
  for (const { id, validation_id, reason } of rowsOf(mutations, "dropped")) {
    log.warn("callback.dropped", { callback_id: id, validation_id, reason });
  }
  // Reversed, so that of several entries of a fact the first one is set last, and stays.
  const timeline = rowsOf(mutations, "timeline").toReversed();
  const entries = new Map(timeline.map((entry) => [entry.delivery_id, entry]));
  for (const fact of facts) {
    const entry = entries.get(fact.id);
    if (repeated.has(fact)) log.debug(`${fact.kind}.repeated`, { [`${fact.kind}_id`]: fact.id });
    // A callback that found its validation is in the timeline, whatever it moved.
    else if (fact.kind === "callback" && entry !== undefined) {
      const { validation_id, to_state } = entry;
      const outcome = { outcome: "matched", validation_id, state: to_state };
      log.debug("callback.recorded", { callback_id: fact.id, status: fact.status, ...outcome });
    } else if (fact.kind === "order") {
      // A command about a validation that is gone, or has finished, has no entry.
      const { id, order, validation_id } = fact;
      log.debug("order.recorded", { order_id: id, order, validation_id, reason: entry?.reason ?? null });
    }
  }
}
