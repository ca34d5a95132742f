/** The facts in messages. */
import { type Fact, parseFact } from "@webhook-gateway/shared/messages/fact.ts";
import { fingerprintOf } from "@webhook-gateway/shared/routing/fingerprint.ts";
import type { IncomingMessage } from "./settle.ts";

/**
 * Reads the fact in a message. That of a delivery gets its fingerprint here: acknowledging a delivery is to take as little as
 * possible.
 * @returns undefined if it is not a fact of a version that is known
 */
export async function readFact({ body }: IncomingMessage): Promise<Fact | undefined> {
  const fact = parseFact(body);
  // Older producers sent it. What no producer has received has no digest, and a name of its own.
  const isNamed = fact?.kind !== "delivery" || fact.fingerprint !== undefined || fact.digest === undefined;
  return isNamed ? fact : { ...fact, fingerprint: await fingerprintOf(fact) };
}
