/** Decides events of pull requests. Pure: reads and changes only the change set. */

import { applyObservation } from "@webhook-gateway/shared/domain/ordering.ts";
import { pullRequestSubject } from "@webhook-gateway/shared/domain/subject.ts";
import type { PullRequestChange } from "@webhook-gateway/shared/messages/fact.ts";
import type { Subject } from "@webhook-gateway/shared/store/subject-row.ts";
import { NO_DRAFTS } from "./admission.ts";
import {
  type Context,
  cancelSubject,
  type Decision,
  decided,
  knownHead,
  NO_FORK,
  runOutcome,
  subjectFrom,
  supersedeHeads,
} from "./context.ts";
import type { RunRequest } from "./run.ts";

/** Decides an event of a pull request, in whatever order events arrive. */
export function decidePullRequest(context: Context, change: PullRequestChange): Decision {
  const { changes, repository, policy } = context;
  const key = pullRequestSubject(change.number);
  const known = changes.subject(repository.id, key);
  const tied = known !== undefined && known.at === change.updated_at;
  const seen = {
    head: change.head_sha,
    at: change.updated_at,
    before: change.before,
    first: change.action === "opened",
  };
  const { verdict, known: placed } = applyObservation(known && knownHead(known), seen);
  // A push of the same second can overtake the reopen that it followed: the head is newer, the state is not.
  const overtaken = tied && known.state === "closed" && change.action === "reopened";
  const older = (verdict === "stale" && !overtaken) || (tied && precedesKnownState(known, change));
  if (known !== undefined && older) {
    const closeSeen = tied && change.action === "closed" ? { close_outstanding: false } : {};
    const head_sha = known.state === "closed" ? placed.head : known.head_sha;
    changes.putSubject({ ...known, head_sha, edges: placed.edges, ...closeSeen });
    return decided("stale", "a newer event of this pull request is already recorded");
  }
  const subject: Subject = {
    ...subjectFrom(context, key, change, known?.version ?? 0),
    ...authorship(change, known),
    head_at: verdict === "newer" ? change.updated_at : (known?.head_at ?? known?.at ?? change.updated_at),
    approval: known?.approval ?? null,
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
  changes.putSubject(subject);
  if (!change.open) return cancelSubject(context, subject, `pull request ${change.action}`);
  if (verdict === "newer") supersedeHeads(context, subject);
  const request = pullRequestRun(change, verdict === "newer", known);
  const isSkipped = change.draft && !policy.validateDrafts;
  return runOutcome(context, subject, isSkipped ? { ...request, admission: NO_DRAFTS } : request);
}

/** Where its head is and whose it is. What an older producer does not say stays as it was. */
function authorship(change: PullRequestChange, known: Subject | undefined) {
  const { fork, head_repository, author, author_association } =
    change.fork === undefined ? (known ?? NO_FORK) : change;
  return {
    fork: fork ?? false,
    head_repository: head_repository ?? null,
    author: author ?? null,
    author_association: author_association ?? null,
  };
}

/** Among events of the same second: whether GitHub must have sent this one before the known state. */
function precedesKnownState(known: Subject, change: PullRequestChange): boolean {
  if (change.action === "closed") return known.close_outstanding;
  return known.state === "closed" && change.open && change.action !== "reopened";
}

function pullRequestRun(change: PullRequestChange, moved: boolean, known: Subject | undefined): RunRequest {
  if (change.action === "edited") {
    return { cause: `base changed at ${change.updated_at}`, once: true, force: true, restart: true };
  }
  // An event of an open pull request that is known as closed is the reopen, or has overtaken it.
  const reopened = known?.state === "closed";
  return { cause: change.action, once: false, force: false, restart: moved || reopened };
}
