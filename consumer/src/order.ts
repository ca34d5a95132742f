/** What an operator's order leads to. Pure: reads and changes only the draft. */
import type { OrderFact } from "@webhook-gateway/shared/fact.ts";
import type { Draft } from "./draft.ts";
import { stopRun } from "./run.ts";

/** Decides an order that was not recorded before. A validation that is gone or has finished stays as it is. */
export function decideOrder(draft: Draft, fact: OrderFact): void {
  const validation = draft.validation(fact.validation_id);
  if (validation === undefined) return;
  stopRun(draft, validation, "cancelled", "cancelled by an operator", fact.id);
}
