/**
 * The ids of deliveries in D1. A delivery is recorded under its GUID. GitHub's signature does not cover the GUID, so one
 * that may not claim it is recorded under an id of its own: the GUID, `~`, which no GUID contains, and a name.
 */
import type { DeliveryFact, Fact } from "../messages/fact.ts";

/** Of a delivery that is refused: GitHub's own delivery of this GUID may still arrive. */
export const refusedId = ({ id, secret = "" }: DeliveryFact): string => `${id}~${secret}`;

/** Every id that a fact may be recorded under. */
export const possibleIds = (fact: Fact): string[] =>
  fact.kind === "delivery" ? [fact.id, refusedId(fact)] : [fact.id];
