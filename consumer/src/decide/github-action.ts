/** Commands that people give on GitHub, for the record of operator actions. */
import { NOT_ALLOWED_TO_COMMAND } from "@webhook-gateway/shared/domain/trust.ts";
import type { Change, DeliveryFact } from "@webhook-gateway/shared/messages/fact.ts";
import type { OperatorAction } from "@webhook-gateway/shared/store/operator-action.ts";
import type { Decision, DeliveryOutcome, DeliveryPolicy } from "./context.ts";
import { githubActor } from "./run.ts";

const OUTCOMES: Partial<Record<DeliveryOutcome, OperatorAction["outcome"]>> = {
  started: "done",
  held: "unchanged",
  skipped: "unchanged",
  cancelled: "done",
  unchanged: "unchanged",
  recorded: "unchanged",
};

const COMMANDS: readonly Change["type"][] = ["command", "rerun", "approval"];

function actionOf(change: Change): OperatorAction["action"] {
  if (change.type === "approval") return "approve";
  return change.type === "command" && change.command === "cancel" ? "cancel" : "rerun";
}

/** The action of a delivery that is a command: a comment, or Re-run on a check of our App. */
export function githubAction(
  fact: DeliveryFact,
  decision: Decision,
  { githubAppId }: DeliveryPolicy,
): OperatorAction | undefined {
  const { change, repository } = fact;
  if (repository === null || !COMMANDS.includes(change.type)) return undefined;
  if (decision.outcome === "asking" || decision.reason === NOT_ALLOWED_TO_COMMAND) return undefined;
  if ("app_id" in change && (githubAppId === null || change.app_id !== githubAppId)) return undefined;
  const place = "number" in change ? `#${change.number}` : "head_sha" in change ? `@${change.head_sha}` : "";
  return {
    id: fact.id,
    at: fact.received_at,
    actor: githubActor(fact),
    action: decision.approves === true ? "approve" : actionOf(change),
    target: decision.validation_id ?? `${repository.full_name}${place}`,
    reason: decision.reason,
    outcome: OUTCOMES[decision.outcome] ?? "refused",
  };
}
