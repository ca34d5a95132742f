/** What a delivery leads to. Pure: reads and changes only the draft. */
import type {
  CommandChange,
  DeliveryFact,
  MergeGroupChange,
  PullRequestChange,
  PushChange,
  RerunChange,
} from "@webhook-gateway/shared/fact.ts";
import { placeSighting } from "@webhook-gateway/shared/ordering.ts";
import type { Subject } from "@webhook-gateway/shared/store/rows.ts";
import { mergeGroupSubject, pullRequestSubject, pushSubject } from "@webhook-gateway/shared/subject.ts";
import type { Draft } from "./draft.ts";
import { cancelRuns, ensureRun, type RunRequest, supersedeOthers } from "./run.ts";

/** What the operator decides. */
export interface DeliveryPolicy {
  readonly validateDrafts: boolean;
  readonly cancelSuperseded: boolean;
  /** The App whose check runs are ours; null where none is configured. */
  readonly githubAppId: number | null;
}

/** `deliveries.outcome`. */
export type DeliveryOutcome =
  | "started"
  | "cancelled"
  | "unchanged"
  | "stale"
  | "unknown_subject"
  | "ignored"
  | "recorded";

interface Decision {
  readonly outcome: DeliveryOutcome;
  readonly reason: string | null;
  readonly validation_id: string | null;
}

type RepositoryOf = NonNullable<DeliveryFact["repository"]>;
type Context = { draft: Draft; fact: DeliveryFact; repository: RepositoryOf; policy: DeliveryPolicy };

/** Decides a delivery that was not recorded before, and records it. */
export function decideDelivery(draft: Draft, fact: DeliveryFact, policy: DeliveryPolicy): void {
  const { repository } = fact;
  const decision =
    repository === null || fact.change.type === "note"
      ? decided("recorded", null)
      : decideChange({ draft, fact, repository, policy });
  draft.addDelivery({
    id: fact.id,
    event: fact.event,
    action: fact.action,
    repository_id: repository?.id ?? null,
    repository: repository?.full_name ?? null,
    sender: fact.sender,
    received_at: fact.received_at,
    ...decision,
  });
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
    case "note":
      return decided("recorded", null);
  }
}

function decidePullRequest(context: Context, change: PullRequestChange): Decision {
  const { draft, repository, policy } = context;
  const key = pullRequestSubject(change.number);
  const known = draft.subject(repository.id, key);
  const tied = known !== undefined && known.at === change.updated_at;
  const seen = {
    head: change.head_sha,
    at: change.updated_at,
    before: change.before,
    first: change.action === "opened",
  };
  const { verdict, known: placed } = placeSighting(known && knownHead(known), seen);
  // A push of the same second can overtake the reopen that it followed: the head is newer, the state is not.
  const overtaken = tied && known.state === "closed" && change.action === "reopened";
  const older = (verdict === "stale" && !overtaken) || (tied && precedesKnownState(known, change));
  if (known !== undefined && older) {
    const closeSeen = tied && change.action === "closed" ? { close_outstanding: false } : {};
    const head_sha = known.state === "closed" ? placed.head : known.head_sha;
    draft.putSubject({ ...known, head_sha, edges: placed.edges, ...closeSeen });
    return decided("stale", "a newer event of this pull request is already recorded");
  }
  const subject: Subject = {
    ...subjectFrom(context, key, change, known?.version ?? 0),
    kind: "pull_request",
    number: change.number,
    draft: change.draft,
    state: change.open ? "open" : "closed",
    head_sha: placed.head,
    at: placed.at,
    edges: placed.edges,
    close_outstanding:
      (tied && known.close_outstanding) || (change.action === "reopened" && known?.state !== "closed"),
  };
  draft.putSubject(subject);
  if (!change.open) return cancelSubject(context, subject, `pull request ${change.action}`);
  if (verdict === "newer") supersedeHeads(context, subject);
  if (change.draft && !policy.validateDrafts) return decided("ignored", "drafts are not validated");
  return runOutcome(context, subject, pullRequestRun(change, verdict === "newer", known));
}

/** Among events of the same second: those that GitHub must have sent before the state that is known. */
function precedesKnownState(known: Subject, change: PullRequestChange): boolean {
  if (change.action === "closed") return known.close_outstanding;
  return known.state === "closed" && change.open && change.action !== "reopened";
}

function pullRequestRun(change: PullRequestChange, moved: boolean, known: Subject | undefined): RunRequest {
  if (change.action === "edited") {
    return { cause: `base changed at ${change.updated_at}`, once: true, force: true, restart: true };
  }
  // Whatever finds a closed pull request open has overtaken the reopen, or is it.
  const reopened = known?.state === "closed";
  return { cause: change.action, once: false, force: false, restart: moved || reopened };
}

function decideMergeGroup(context: Context, change: MergeGroupChange): Decision {
  const { draft, fact, repository } = context;
  const key = mergeGroupSubject(change.head_sha);
  const known = draft.subject(repository.id, key);
  const destroyed = change.action === "destroyed";
  if (known?.state === "closed") {
    return destroyed ? decided("unchanged", null) : decided("stale", "the merge group is already destroyed");
  }
  const subject: Subject = {
    ...subjectFrom(context, key, change, known?.version ?? 0),
    kind: "merge_group",
    number: change.number,
    draft: false,
    state: destroyed ? "closed" : "open",
    head_sha: change.head_sha,
    at: fact.received_at,
    edges: [],
    close_outstanding: false,
  };
  draft.putSubject(subject);
  if (destroyed) return cancelSubject(context, subject, "merge group destroyed");
  return runOutcome(context, subject, { cause: change.action, once: false, force: false, restart: false });
}

function decidePush(context: Context, change: PushChange): Decision {
  const { draft, fact, repository } = context;
  if (!change.validate) return decided("ignored", change.skip);
  const key = pushSubject(change.ref_hash);
  const known = draft.subject(repository.id, key);
  const at = change.pushed_at ?? fact.received_at;
  const seen = { head: change.head_sha, at, before: change.base_sha, first: false };
  const { verdict, known: placed } = placeSighting(known && knownHead(known), seen);
  if (known !== undefined && verdict === "stale") {
    draft.putSubject({ ...known, edges: placed.edges });
    return decided("stale", "a newer push to this branch is already recorded");
  }
  const subject: Subject = {
    ...subjectFrom(context, key, change, known?.version ?? 0),
    kind: "push",
    number: 0,
    draft: false,
    state: "open",
    head_sha: placed.head,
    at: placed.at,
    edges: placed.edges,
    close_outstanding: false,
  };
  draft.putSubject(subject);
  const moved = verdict === "newer";
  if (moved) supersedeHeads(context, subject);
  return runOutcome(context, subject, { cause: "push", once: false, force: false, restart: moved });
}

function decideRerun(context: Context, change: RerunChange): Decision {
  const { draft, fact, repository, policy } = context;
  if (policy.githubAppId === null || change.app_id !== policy.githubAppId) {
    return decided("ignored", "the check belongs to another app");
  }
  const open = draft
    .subjectsWithHead(repository.id, change.head_sha)
    .filter((subject) => subject.state === "open");
  const [first] = open.map((subject) => runOutcome(context, subject, rerun(`rerun ${fact.id}`)));
  return first ?? decided("unknown_subject", "no open subject has this head");
}

function decideCommand(context: Context, change: CommandChange): Decision {
  const { draft, repository } = context;
  const subject = draft.subject(repository.id, pullRequestSubject(change.number));
  if (subject === undefined) return decided("unknown_subject", "this pull request was never seen");
  if (change.command === "cancel") {
    draft.putSubject(subject);
    return cancelSubject(context, subject, "cancelled by a comment");
  }
  if (subject.state === "closed") return decided("ignored", "the pull request is closed");
  return runOutcome(context, subject, rerun(`comment ${change.comment_id}`));
}

const rerun = (cause: string): RunRequest => ({ cause, once: true, force: true, restart: true });

function runOutcome(context: Context, subject: Subject, request: RunRequest): Decision {
  const { draft, fact, policy } = context;
  const { started, id } = ensureRun(draft, subject, fact, request, policy.cancelSuperseded);
  const reason = started ? null : "this head has its validation already";
  return { outcome: started ? "started" : "unchanged", reason, validation_id: id };
}

/** Whatever is live for another head than the newest is in its way, whether or not the newest needs a run. */
function supersedeHeads({ draft, fact, policy }: Context, subject: Subject): void {
  const current = draft
    .runsOf(subject)
    .filter((row) => row.head_sha === subject.head_sha)
    .toSorted((a, b) => b.run - a.run)[0];
  supersedeOthers(draft, subject, current?.id ?? null, fact.id, policy.cancelSuperseded);
}

function cancelSubject({ draft, fact }: Context, subject: Subject, reason: string): Decision {
  const [first = null, ...others] = cancelRuns(draft, subject, reason, fact.id);
  if (first === null) return decided("recorded", `${reason}; nothing was under way`);
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return { outcome: "cancelled", reason: `${reason}${more}`, validation_id: first };
}

function subjectFrom(
  { repository }: Context,
  subject: string,
  change: Pick<PullRequestChange, "url" | "head_ref" | "base_sha">,
  version: number,
) {
  return {
    repository_id: repository.id,
    subject,
    repository: repository.full_name,
    url: change.url,
    clone_url: repository.clone_url,
    head_ref: change.head_ref,
    base_sha: change.base_sha,
    version,
  };
}

const knownHead = (subject: Subject) => ({ head: subject.head_sha, at: subject.at, edges: subject.edges });

const decided = (outcome: DeliveryOutcome, reason: string | null): Decision => ({
  outcome,
  reason,
  validation_id: null,
});
