/**
 * The ids of deliveries in D1. A delivery is recorded under its GUID. GitHub's signature does not cover the GUID, so one
 * that may not claim it is recorded under an id of its own: the GUID, `~`, which no GUID contains, and a name.
 */
import type { DeliveryFact, Fact } from "../messages/fact.ts";

/** Of a delivery that is refused: GitHub's own delivery of this GUID may still arrive. */
export const refusedId = ({ id, secret = "" }: DeliveryFact): string => `${id}~${secret}`;

/** 48 bits: enough to tell the deliveries of one GUID apart. */
const NAME_DIGITS = 12;

/** Of a delivery that says something else than the one that is recorded under its GUID. */
export const otherId = ({ id, fingerprint = "" }: DeliveryFact): string =>
  `${id}~${fingerprint.slice(0, NAME_DIGITS)}`;

/** Of a copy that says the same in another body. */
export const copyId = ({ id, digest = "" }: DeliveryFact): string => `${id}~${digest.slice(0, NAME_DIGITS)}`;

/**
 * Whether it does something whenever it comes. Everything else says how things are at a time, and once that is known
 * nothing follows from it.
 */
export const actsAgain = ({ change }: DeliveryFact): boolean =>
  change.type === "rerun" || change.type === "command" || change.type === "approval";

/** Every id that a fact may be recorded under. */
export function possibleIds(fact: Fact): string[] {
  if (fact.kind !== "delivery") return [fact.id];
  return [
    fact.id,
    ...(fact.bound_to === undefined ? [] : [refusedId(fact)]),
    ...(fact.fingerprint === undefined ? [] : [otherId(fact)]),
    ...(fact.digest === undefined || !actsAgain(fact) ? [] : [copyId(fact)]),
  ];
}
