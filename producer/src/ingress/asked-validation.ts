import { changedSubject, validationId } from "@webhook-gateway/shared/domain/subject.ts";
import type {
  Change,
  DeliveryFact,
  MergeGroupChange,
  PullRequestChange,
  PushChange,
} from "@webhook-gateway/shared/messages/fact.ts";

/**
 * The validation that a delivery asks for: the first run of its head. Later runs, deliveries that turn out to be stale,
 * and whether drafts are validated, are known only once they are recorded.
 */
export function askedValidationId({ repository, change }: DeliveryFact): string | undefined {
  if (repository === null || !asksForFirstRun(change)) return undefined;
  const subject = changedSubject(change);
  return subject === null ? undefined : validationId(repository.id, subject, change.head_sha, 1);
}

function asksForFirstRun(change: Change): change is PullRequestChange | MergeGroupChange | PushChange {
  switch (change.type) {
    case "pull_request":
      return !change.draft && ["opened", "synchronize", "ready_for_review"].includes(change.action);
    case "merge_group":
      return change.action === "checks_requested";
    case "push":
      return change.validate;
    default:
      return false;
  }
}
