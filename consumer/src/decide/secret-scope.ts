/**
 * Whether the secret that signed a delivery speaks for its repository. The producer has compared the name. But rows belong
 * to repositories by their ids, and anyone with a secret can sign any id beside a name of their own: a secret that is bound
 * to repositories has to be bound to the name under which the gateway knows the id, too.
 */
import type { DeliveryFact } from "@webhook-gateway/shared/messages/fact.ts";
import { repositoryMatcher } from "@webhook-gateway/shared/routing/routing-policy.ts";

/** The current names of repositories by their ids, as far as they are known. */
export type KnownNames = ReadonlyMap<number, string>;

/** @returns the name of the repository that the secret does not speak for; undefined if it may say what it says */
export function foreignRepository(
  { repository, bound_to }: DeliveryFact,
  names: KnownNames,
): string | undefined {
  if (repository === null || bound_to === undefined) return undefined;
  const known = names.get(repository.id);
  return known === undefined || repositoryMatcher(bound_to)(known) ? undefined : known;
}
