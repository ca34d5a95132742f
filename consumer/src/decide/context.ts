/** What the decisions on deliveries share: their context, their outcome, and common steps. */
import type { DeliveryFact, PullRequestChange } from "@webhook-gateway/shared/messages/fact.ts";
import type { Subject } from "@webhook-gateway/shared/store/subject-row.ts";
import { headRuns } from "./admission.ts";
import type { ChangeSet } from "./change-set.ts";
import { cancelRuns, ensureRun, originOf, type RunPolicy, type RunRequest, supersedeOthers } from "./run.ts";

/** What the operator configures. */
export interface DeliveryPolicy extends RunPolicy {
  readonly validateDrafts: boolean;
  /** Whether there are credentials to ask GitHub who may approve. */
  readonly asksGitHub: boolean;
  /** The App whose check runs are ours; null if none is configured. */
  readonly githubAppId: number | null;
  /** A validation may be at Grainchain for this long in all. */
  readonly maxAgeMs: number;
}

/** `deliveries.outcome`. */
export type DeliveryOutcome =
  | "started"
  | "held"
  | "skipped"
  | "reused"
  /** GitHub is asked whether somebody may approve it. */
  | "asking"
  | "cancelled"
  | "unchanged"
  | "stale"
  | "unknown_subject"
  | "ignored"
  | "refused"
  | "repeated"
  | "recorded";

export interface Decision {
  readonly outcome: DeliveryOutcome;
  readonly reason: string | null;
  readonly validation_id: string | null;
  /** Whether it is about an approval, whatever follows from it. */
  readonly approves?: true;
}

/** A delivery about a repository, and all that its decision may read and change. */
export interface Context {
  readonly changes: ChangeSet;
  readonly fact: DeliveryFact;
  readonly repository: NonNullable<DeliveryFact["repository"]>;
  readonly policy: DeliveryPolicy;
}

/** Makes sure that the subject's newest head has its run. */
export function runOutcome(context: Context, subject: Subject, request: RunRequest): Decision {
  const { changes, fact, policy } = context;
  return ensureRun(changes, subject, originOf(fact), request, policy);
}

/** Supersedes what is live for any other head than the newest, whether or not the newest needs a run. */
export function supersedeHeads({ changes, fact, policy }: Context, subject: Subject): void {
  const [current] = headRuns(changes, subject);
  supersedeOthers(changes, subject, current?.id ?? null, fact.id, policy.cancelSuperseded);
}

/** Cancels whatever is live for the subject. */
export function cancelSubject({ changes, fact }: Context, subject: Subject, reason: string): Decision {
  const [first = null, ...others] = cancelRuns(changes, subject, reason, fact.id);
  if (first === null) return decided("recorded", `${reason}; nothing was under way`);
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return { outcome: "cancelled", reason: `${reason}${more}`, validation_id: first };
}

/** Answers a command in a comment; nothing else can be answered. @param done whether it had an effect */
export function react(changes: ChangeSet, { id, repository, change }: DeliveryFact, done: boolean): void {
  if (repository === null || change.type !== "command") return;
  const row = {
    delivery_id: id,
    repository_id: repository.id,
    repository: repository.full_name,
    comment_id: change.comment_id,
    content: done ? ("+1" as const) : ("confused" as const),
  };
  changes.add({ kind: "reaction", row });
}

/** The columns of a subject that every kind takes from its repository and its change. */
export function subjectFrom(
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

/** For everything but pull requests: a push requires write access. */
export const NO_FORK = {
  fork: false,
  head_repository: null,
  author: null,
  author_association: null,
  head_at: null,
  approval: null,
} as const;

/** What is known of a subject's head. */
export const knownHead = (subject: Subject) => ({
  head: subject.head_sha,
  at: subject.at,
  edges: subject.edges,
});

export const decided = (outcome: DeliveryOutcome, reason: string | null): Decision => ({
  outcome,
  reason,
  validation_id: null,
});
