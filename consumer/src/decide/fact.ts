/** Decides facts, each once. */
import { withBelievedTimes } from "@webhook-gateway/shared/domain/claimed-time.ts";
import { actsAgain, copyId, otherId, refusedId } from "@webhook-gateway/shared/domain/delivery-id.ts";
import type { DeliveryFact, Fact } from "@webhook-gateway/shared/messages/fact.ts";
import { decideCallback } from "./callback.ts";
import type { ChangeSet } from "./change-set.ts";
import type { DeliveryOutcome, DeliveryPolicy } from "./context.ts";
import { decideDelivery, refuseDelivery, repeatDelivery } from "./delivery.ts";
import { decideOperatorCommand } from "./operator-command.ts";
import type { Recorded } from "./recorded.ts";
import { foreignRepository } from "./secret-scope.ts";

/**
 * Decides a fact that was not recorded before.
 * @returns the outcome, for a person; undefined if it was recorded before, or is in the batch twice
 */
export function decideFact(
  changes: ChangeSet,
  recorded: Recorded,
  fact: Fact,
  policy: DeliveryPolicy,
): string | undefined {
  if (fact.kind === "delivery") {
    const outcome = decideOnce(changes, recorded, withBelievedTimes(fact), policy);
    return outcome === undefined ? undefined : `recorded: ${outcome}`;
  }
  if (recorded.has(fact.id)) return undefined;
  recorded.add(fact.id);
  switch (fact.kind) {
    case "callback":
      return decideCallback(changes, fact, policy.maxAgeMs);
    case "order":
      decideOperatorCommand(changes, fact, policy);
      break;
    case "request": // It is stored in D1 already.
  }
  return "recorded";
}

/** Checks the secret's scope, then duplicates: by GUID, and by the same body under another one. */
function decideOnce(
  changes: ChangeSet,
  recorded: Recorded,
  fact: DeliveryFact,
  policy: DeliveryPolicy,
): DeliveryOutcome | undefined {
  const foreign = foreignRepository(fact, recorded.names);
  if (foreign !== undefined) {
    const refused = { ...fact, id: refusedId(fact) };
    if (recorded.has(refused.id)) return undefined;
    recorded.add(refused.id);
    return refuseDelivery(changes, refused, foreign);
  }
  if (recorded.hasSameContent(fact)) return decideCopy(changes, recorded, fact);
  const own = recorded.has(fact.id) ? { ...fact, id: otherId(fact) } : fact;
  if (recorded.has(own.id)) return undefined;
  const first = recorded.sameBody(own);
  recorded.addDelivery(own);
  if (first === undefined) return decideDelivery(changes, own, policy);
  const { digest: _, ...repeated } = own;
  return repeatDelivery(changes, repeated, first);
}

/**
 * A duplicate by GUID: redelivered, or sent by another hook too. It has no effect. If its event acts each time it is
 * delivered, the copy's body is remembered too: otherwise it could be sent again under another GUID.
 */
function decideCopy(changes: ChangeSet, recorded: Recorded, fact: DeliveryFact): DeliveryOutcome | undefined {
  if (!actsAgain(fact) || fact.digest === undefined || recorded.sameBody(fact) !== undefined)
    return undefined;
  const copy = { ...fact, id: copyId(fact) };
  if (recorded.has(copy.id)) return undefined;
  recorded.addDelivery(copy);
  return repeatDelivery(changes, copy, fact.id);
}
