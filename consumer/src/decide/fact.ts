/** Decides facts, each once. */
import { withBelievedTimes } from "@webhook-gateway/shared/domain/claimed-time.ts";
import { refusedId } from "@webhook-gateway/shared/domain/delivery-id.ts";
import type { DeliveryFact, Fact } from "@webhook-gateway/shared/messages/fact.ts";
import type { Snapshot } from "@webhook-gateway/shared/store/write/snapshot.ts";
import { decideCallback } from "./callback.ts";
import type { ChangeSet } from "./change-set.ts";
import type { DeliveryPolicy } from "./context.ts";
import { decideDelivery, refuseDelivery } from "./delivery.ts";
import { decideOperatorCommand } from "./operator-command.ts";
import { foreignRepository } from "./secret-scope.ts";

/** What is recorded: the facts of earlier batches, and those of this one that were decided so far. */
export class Recorded {
  readonly ids: Set<string>;
  readonly names: Map<number, string>;

  constructor({ recorded, names }: Pick<Snapshot, "recorded" | "names">) {
    this.ids = new Set(recorded);
    this.names = new Map(names);
  }
}

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
  if (fact.kind === "delivery") return decideOnce(changes, recorded, withBelievedTimes(fact), policy);
  if (!isFirst(recorded, fact.id)) return undefined;
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

function decideOnce(
  changes: ChangeSet,
  recorded: Recorded,
  fact: DeliveryFact,
  policy: DeliveryPolicy,
): string | undefined {
  const { repository } = fact;
  const foreign = foreignRepository(fact, recorded.names);
  if (foreign !== undefined) {
    return isFirst(recorded, refusedId(fact))
      ? `recorded: ${refuseDelivery(changes, fact, foreign)}`
      : undefined;
  }
  if (!isFirst(recorded, fact.id)) return undefined;
  if (repository !== null && !recorded.names.has(repository.id)) {
    recorded.names.set(repository.id, repository.full_name);
  }
  return `recorded: ${decideDelivery(changes, fact, policy)}`;
}

function isFirst({ ids }: Recorded, id: string): boolean {
  if (ids.has(id)) return false;
  ids.add(id);
  return true;
}
