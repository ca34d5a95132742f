/** Commands that people give on GitHub, for the record of operator actions. */
import type { DeliveryFact } from "@webhook-gateway/shared/messages/fact.ts";
import type { OperatorAction } from "@webhook-gateway/shared/store/operator-action.ts";
import type { Decision, DeliveryOutcome, DeliveryPolicy } from "./context.ts";
import { githubActor } from "./run.ts";

const OUTCOMES: Partial<Record<DeliveryOutcome, OperatorAction["outcome"]>> = {
  started: "done",
  cancelled: "done",
  unchanged: "unchanged",
  recorded: "unchanged",
};

/** The action of a delivery that is a command: a comment, or Re-run on a check of our App. */
export function githubAction(
  fact: DeliveryFact,
  decision: Decision,
  { githubAppId }: DeliveryPolicy,
): OperatorAction | undefined {
  const { change, repository } = fact;
  if (repository === null || (change.type !== "command" && change.type !== "rerun")) return undefined;
  if (change.type === "rerun" && (githubAppId === null || change.app_id !== githubAppId)) return undefined;
  const place = change.type === "command" ? `#${change.number}` : `@${change.head_sha}`;
  return {
    id: fact.id,
    at: fact.received_at,
    actor: githubActor(fact),
    action: change.type === "command" && change.command === "cancel" ? "cancel" : "rerun",
    target: decision.validation_id ?? `${repository.full_name}${place}`,
    reason: decision.reason,
    outcome: OUTCOMES[decision.outcome] ?? "refused",
  };
}
