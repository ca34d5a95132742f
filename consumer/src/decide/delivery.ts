/** Decides deliveries. Pure: reads and changes only the change set. */

import { applyObservation } from "@webhook-gateway/shared/domain/ordering.ts";
import {
  mergeGroupSubject,
  pullRequestSubject,
  pushSubject,
} from "@webhook-gateway/shared/domain/subject.ts";
import { isMember, NOT_ALLOWED_TO_COMMAND } from "@webhook-gateway/shared/domain/trust.ts";
import type {
  CommandChange,
  DeliveryFact,
  MergeGroupChange,
  PushChange,
  RerunChange,
} from "@webhook-gateway/shared/messages/fact.ts";
import type { Subject } from "@webhook-gateway/shared/store/subject-row.ts";
import { admissionOf } from "./admission.ts";
import { decideApproval, decideButton } from "./approval.ts";
import type { ChangeSet } from "./change-set.ts";
import {
  type Context,
  cancelSubject,
  type Decision,
  type DeliveryOutcome,
  type DeliveryPolicy,
  decided,
  knownHead,
  NO_FORK,
  react,
  runOutcome,
  subjectFrom,
  supersedeHeads,
} from "./context.ts";
import { githubAction } from "./github-action.ts";
import { decidePullRequest } from "./pull-request.ts";
import { githubActor, type RunRequest } from "./run.ts";

/** Decides a delivery that was not recorded before, and records it. */
export function decideDelivery(
  changes: ChangeSet,
  fact: DeliveryFact,
  policy: DeliveryPolicy,
): DeliveryOutcome {
  const { repository } = fact;
  const decision =
    repository === null || fact.change.type === "note"
      ? decided("recorded", null)
      : decideChange({ changes, fact, repository, policy });
  addDelivery(changes, fact, decision);
  const action = githubAction(fact, decision, policy);
  if (action !== undefined) changes.add({ kind: "action", row: action });
  const isAnswered = decision.outcome !== "asking" && decision.reason !== NOT_ALLOWED_TO_COMMAND;
  if (isAnswered) react(changes, fact, decision.outcome === "started" || decision.outcome === "cancelled");
  return decision.outcome;
}

/**
 * Records a delivery whose secret does not speak for its repository.
 * @param known the repository's name
 */
export function refuseDelivery(changes: ChangeSet, fact: DeliveryFact, known: string): DeliveryOutcome {
  const reason = `its repository id is that of ${known}, which the secret is not valid for`;
  // Without its repository: the id would get the name that was signed beside it. Without its digest: once the secret is
  // bound to that name, GitHub can deliver it again.
  const { digest: _, ...refused } = fact;
  addDelivery(changes, { ...refused, repository: null }, decided("refused", reason));
  return "refused";
}

/** Records a delivery that says what another one has said. @param first its id */
export function repeatDelivery(changes: ChangeSet, fact: DeliveryFact, first: string): DeliveryOutcome {
  addDelivery(changes, fact, decided("repeated", `it says the same as ${first}`));
  return "repeated";
}

function addDelivery(changes: ChangeSet, fact: DeliveryFact, decision: Decision): void {
  const { repository } = fact;
  const row = {
    id: fact.id,
    event: fact.event,
    action: fact.action,
    repository_id: repository?.id ?? null,
    repository: repository?.full_name ?? null,
    sender: fact.sender,
    secret: fact.secret ?? null,
    fingerprint: fact.fingerprint ?? null,
    digest: fact.digest ?? null,
    received_at: fact.received_at,
    occurred_at: occurredAt(fact),
    delivered_at: fact.recovery?.delivered_at ?? null,
    throttled_at: fact.recovery?.throttled_at ?? null,
    recovered_at: fact.recovery === undefined ? null : changes.now,
    ...decision,
  };
  changes.add({ kind: "delivery", row });
}

/** When the event happened, if its payload says so. */
function occurredAt({ change }: DeliveryFact): string | null {
  if (change.type === "pull_request") return change.updated_at;
  return change.type === "push" ? change.pushed_at : null;
}

function decideChange(context: Context): Decision {
  const { change } = context.fact;
  switch (change.type) {
    case "pull_request":
      return decidePullRequest(context, change);
    case "merge_group":
      return decideMergeGroup(context, change);
    case "push":
      return decidePush(context, change);
    case "rerun":
      return decideRerun(context, change);
    case "command":
      return decideCommand(context, change);
    case "approval":
      return decideButton(context, change);
    case "note":
      return decided("recorded", null);
  }
}

function decideMergeGroup(context: Context, change: MergeGroupChange): Decision {
  const { changes, fact, repository } = context;
  const key = mergeGroupSubject(change.head_sha);
  const known = changes.subject(repository.id, key);
  const destroyed = change.action === "destroyed";
  if (known?.state === "closed") {
    return destroyed ? decided("unchanged", null) : decided("stale", "the merge group is already destroyed");
  }
  const subject: Subject = {
    ...subjectFrom(context, key, change, known?.version ?? 0),
    ...NO_FORK,
    kind: "merge_group",
    number: change.number,
    draft: false,
    state: destroyed ? "closed" : "open",
    head_sha: change.head_sha,
    at: fact.received_at,
    edges: [],
    close_outstanding: false,
  };
  changes.putSubject(subject);
  if (destroyed) return cancelSubject(context, subject, "merge group destroyed");
  const request = { cause: change.action, once: false, force: false, restart: false, tree: change.tree_id };
  return runOutcome(context, subject, request);
}

function decidePush(context: Context, change: PushChange): Decision {
  const { changes, fact, repository } = context;
  if (!change.validate) return decided("ignored", change.skip);
  const key = pushSubject(change.ref_hash);
  const known = changes.subject(repository.id, key);
  const at = change.pushed_at ?? fact.received_at;
  const seen = { head: change.head_sha, at, before: change.base_sha, first: false };
  const { verdict, known: placed } = applyObservation(known && knownHead(known), seen);
  if (known !== undefined && verdict === "stale") {
    changes.putSubject({ ...known, edges: placed.edges });
    return decided("stale", "a newer push to this branch is already recorded");
  }
  const subject: Subject = {
    ...subjectFrom(context, key, change, known?.version ?? 0),
    ...NO_FORK,
    kind: "push",
    number: 0,
    draft: false,
    state: "open",
    head_sha: placed.head,
    at: placed.at,
    edges: placed.edges,
    close_outstanding: false,
  };
  changes.putSubject(subject);
  const moved = verdict === "newer";
  if (moved) supersedeHeads(context, subject);
  const request = { cause: "push", once: false, force: false, restart: moved, tree: change.tree_id };
  return runOutcome(context, subject, request);
}

function decideRerun(context: Context, change: RerunChange): Decision {
  const { changes, fact, repository, policy } = context;
  if (policy.githubAppId === null || change.app_id !== policy.githubAppId) {
    return decided("ignored", "the check belongs to another app");
  }
  const open = changes
    .subjectsWithHead(repository.id, change.head_sha)
    .filter((subject) => subject.state === "open");
  const [first] = open.map((subject) => runOutcome(context, subject, rerun(`rerun ${fact.id}`)));
  return first ?? decided("unknown_subject", "no open subject has this head");
}

function decideCommand(context: Context, change: CommandChange): Decision {
  const { changes, repository } = context;
  const subject = changes.subject(repository.id, pullRequestSubject(change.number));
  if (subject === undefined) return decided("unknown_subject", "this pull request was never seen");
  if (change.command === "cancel") {
    changes.putSubject(subject);
    return cancelSubject(context, subject, `cancelled by ${githubActor(context.fact)} in a comment`);
  }
  if (subject.state === "closed") return decided("ignored", "the pull request is closed");
  if (admissionOf(changes, subject, context.policy.validateForks).state === "held") {
    return decideApproval(context, subject, change);
  }
  // An older producer lets nobody else through, and does not say who it was.
  const { author_association: association = "MEMBER", sha } = change;
  if (!isMember(association)) return decided("ignored", NOT_ALLOWED_TO_COMMAND);
  if (sha !== undefined && !subject.head_sha.startsWith(sha)) {
    return decided("ignored", "the comment names another head than the newest one");
  }
  return runOutcome(context, subject, rerun(`comment ${change.comment_id}`));
}

const rerun = (cause: string): RunRequest => ({ cause, once: true, force: true, restart: true });
