/** Decides who approves which change of a fork. Pure: reads and changes only the change set. */
import { pullRequestSubject } from "@webhook-gateway/shared/domain/subject.ts";
import { type Approval, covers, isTrustedApprover } from "@webhook-gateway/shared/domain/trust.ts";
import type { ApprovalChange, CommandChange, DeliveryFact } from "@webhook-gateway/shared/messages/fact.ts";
import type { Subject } from "@webhook-gateway/shared/store/subject-row.ts";
import type { Validation } from "@webhook-gateway/shared/store/validation-row.ts";
import { admissionOf, headAtOf, headRuns } from "./admission.ts";
import type { ChangeSet } from "./change-set.ts";
import { type Context, type Decision, type DeliveryPolicy, decided, react } from "./context.ts";
import { githubAction } from "./github-action.ts";
import { approveRun, ensureRun, githubActor, originOf } from "./run.ts";

const NO_ACCESS = "approval requires write access to the repository";
const APPROVED = "no longer waiting for approval";

/** Decides a comment on a pull request whose head needs an approval. */
export function decideApproval(context: Context, subject: Subject, change: CommandChange): Decision {
  const { changes, fact, policy } = context;
  const approval = approvalOf(fact, change);
  // Its head came after the comment, and what comes after that is newer still.
  if (approval.sha === null && !covers(approval, subject.head_sha, headAtOf(subject))) {
    return about(subject, changes, "unchanged", "the head may be newer than the comment: name its SHA");
  }
  if (policy.asksGitHub) return ask(context, headRuns(changes, subject)[0]?.id ?? null);
  if (!isTrustedApprover(change.author_association)) return about(subject, changes, "ignored", NO_ACCESS);
  return approveByComment(changes, fact, subject, change, policy);
}

/** Decides a press of the button on a check: about the held runs of every open pull request with that head. */
export function decideButton(context: Context, change: ApprovalChange): Decision {
  const { changes, repository, policy } = context;
  if (policy.githubAppId === null || change.app_id !== policy.githubAppId) {
    return decided("ignored", "the check belongs to another app");
  }
  const [first] = heldRuns(changes, repository.id, change.head_sha);
  if (first === undefined) return { ...decided("unchanged", APPROVED), approves: true };
  return policy.asksGitHub ? ask(context, first.id) : { ...decided("ignored", NO_ACCESS), approves: true };
}

/** Only GitHub knows who may: an effect asks, and {@link settleApproval} decides with the answer. */
function ask({ changes, fact, repository }: Context, validation_id: string | null): Decision {
  if (fact.sender === null) return decided("ignored", NO_ACCESS);
  const row = {
    delivery_id: fact.id,
    repository_id: repository.id,
    repository: repository.full_name,
    login: fact.sender,
    fact,
  };
  changes.add({ kind: "approval", row });
  return {
    outcome: "asking",
    reason: `GitHub is asked whether ${fact.sender} may approve it`,
    validation_id,
  };
}

/**
 * Decides an approval once GitHub has said whether its sender may write to the repository.
 * @param refusal why not; null: the sender may
 * @returns the outcome, for a person
 */
export function settleApproval(
  changes: ChangeSet,
  fact: DeliveryFact,
  refusal: string | null,
  policy: DeliveryPolicy,
): string {
  const decision =
    refusal === null
      ? approve(changes, fact, policy)
      : ({ ...decided("ignored", refusal), approves: true } as const);
  const action = githubAction(fact, decision, policy);
  if (action !== undefined) changes.add({ kind: "action", row: action });
  react(changes, fact, decision.outcome === "started");
  return decision.reason ?? "approved";
}

function approve(changes: ChangeSet, fact: DeliveryFact, policy: DeliveryPolicy): Decision {
  const { change, repository } = fact;
  if (repository === null) return decided("ignored", APPROVED);
  if (change.type === "command") {
    const subject = changes.subject(repository.id, pullRequestSubject(change.number));
    if (subject === undefined) return { ...decided("unchanged", APPROVED), approves: true };
    return approveByComment(changes, fact, subject, change, policy);
  }
  const held = change.type === "approval" ? heldRuns(changes, repository.id, change.head_sha) : [];
  for (const row of held) approveRun(changes, row, originOf(fact).by, fact.id);
  const [first] = held;
  if (first === undefined) return { ...decided("unchanged", APPROVED), approves: true };
  return { outcome: "started", reason: null, validation_id: first.id, approves: true };
}

/** The approval stays with the subject: the head that it is about may be recorded later. */
function approveByComment(
  changes: ChangeSet,
  fact: DeliveryFact,
  subject: Subject,
  change: CommandChange,
  policy: DeliveryPolicy,
): Decision {
  const isHeld = admissionOf(changes, subject, policy.validateForks).state === "held";
  if (subject.state === "closed" || !isHeld) return about(subject, changes, "unchanged", APPROVED);
  const approval = approvalOf(fact, change);
  const isAboutHead = covers(approval, subject.head_sha, headAtOf(subject));
  const isLatest = subject.approval === null || subject.approval.at <= approval.at;
  const approved = isAboutHead || isLatest ? { ...subject, approval } : subject;
  changes.putSubject(approved);
  if (!isAboutHead) return about(subject, changes, "unchanged", "the comment is not about the newest head");
  const request = { cause: `comment ${change.comment_id}`, once: true, force: true, restart: true };
  return { ...ensureRun(changes, approved, originOf(fact), request, policy), approves: true };
}

const approvalOf = (fact: DeliveryFact, change: CommandChange): Approval => ({
  by: githubActor(fact),
  at: change.created_at ?? fact.received_at,
  sha: change.sha ?? null,
});

function about(
  subject: Subject,
  changes: ChangeSet,
  outcome: "ignored" | "unchanged",
  reason: string,
): Decision {
  const validation_id = headRuns(changes, subject)[0]?.id ?? null;
  return { outcome, reason, validation_id, approves: true };
}

/** What waits for an approval of a commit. */
function heldRuns(changes: ChangeSet, repositoryId: number, headSha: string): Validation[] {
  const open = changes.subjectsWithHead(repositoryId, headSha).filter(({ state }) => state === "open");
  return open.flatMap((subject) => headRuns(changes, subject).filter(({ state }) => state === "held"));
}
