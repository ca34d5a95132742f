import { type Fact, parseFact } from "@webhook-gateway/shared/messages/fact.ts";
import { fingerprintOf } from "@webhook-gateway/shared/routing/fingerprint.ts";

/**
 * Reads the fact in a message, or in a dead letter. That of a delivery gets its fingerprint here: acknowledging a delivery is
 * to take as little as possible.
 * @returns undefined if it is not a fact of a version that is known
 */
export async function readFact(body: unknown): Promise<Fact | undefined> {
  const fact = parseFact(body);
  if (fact?.kind !== "delivery") return fact;
  // Older producers sent it. What an audit finds has no digest, and an id that no delivery has.
  if (fact.fingerprint !== undefined || fact.digest === undefined) return fact;
  return { ...fact, fingerprint: await fingerprintOf(fact) };
}
