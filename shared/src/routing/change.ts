/** What follows from a payload whose event and action matter. */
import type * as v from "valibot";
import { APPROVE, isMember, NOT_ALLOWED_TO_COMMAND } from "../domain/trust.ts";
import {
  type Change,
  type DeliveryFact,
  FACT_VERSION,
  GUARDED_FACT_VERSION,
  type MergeGroupChange,
  type PullRequestChange,
} from "../messages/fact.ts";
import { sha256Hex } from "../text/hash.ts";
import type * as payloads from "./payload.ts";
import type { RoutingPolicy } from "./routing-policy.ts";

export interface Ignored {
  readonly kind: "ignored";
  readonly reason: string;
  /** Whatever else happens in this repository is ignored too. */
  readonly repositoryDenied?: true;
}

export const ignored = (reason: string): Ignored => ({ kind: "ignored", reason });

export function pullRequestChange(
  { pull_request: pull, before, changes, repository }: v.InferOutput<typeof payloads.pullRequest>,
  action: PullRequestChange["action"],
): Change | Ignored {
  if (action === "edited" && changes?.base === undefined) {
    return ignored("the pull request was edited, but not its base");
  }
  return {
    type: "pull_request",
    action,
    number: pull.number,
    url: pull.html_url,
    head_sha: pull.head.sha,
    head_ref: pull.head.ref,
    base_sha: pull.base.sha,
    before: action === "synchronize" ? before : null,
    draft: pull.draft,
    open: action !== "closed" && pull.state === "open",
    updated_at: pull.updated_at,
    fork: pull.head.repo === null || pull.head.repo.id !== repository?.id,
    head_repository: pull.head.repo?.full_name ?? null,
    author: pull.user?.login ?? null,
    author_association: pull.author_association,
  };
}

export function mergeGroupChange(
  { merge_group: group, repository }: v.InferOutput<typeof payloads.mergeGroup>,
  action: MergeGroupChange["action"],
): Change {
  const { head_commit, ...heads } = group;
  const number = Number(/\/pr-(\d{1,15})-[^/]*$/.exec(heads.head_ref)?.[1] ?? 0);
  const url = number === 0 ? repository.html_url : `${repository.html_url}/pull/${number}`;
  return { type: "merge_group", action, number, url, ...heads, ...treeOf(head_commit, heads.head_sha) };
}

/** The tree of a head, if the commit that the payload describes is that head. */
const treeOf = (
  commit: { readonly id: string; readonly tree_id: string } | null | undefined,
  head: string,
): { readonly tree_id?: string } => (commit?.id === head ? { tree_id: commit.tree_id } : {});

export async function pushChange(
  { ref, before, after, deleted, compare, head_commit, repository }: v.InferOutput<typeof payloads.push>,
  policy: RoutingPolicy,
): Promise<Change> {
  const skip = skipPush(ref, deleted || /^0+$/.test(after), policy);
  return {
    type: "push",
    validate: skip === null,
    skip,
    url: compare ?? "",
    head_sha: after,
    head_ref: ref,
    ref_hash: await sha256Hex(ref),
    base_sha: before,
    pushed_at: repository.pushed_at,
    ...(skip === null ? treeOf(head_commit, after) : {}),
  };
}

function skipPush(ref: string, deleted: boolean, policy: RoutingPolicy): string | null {
  if (!ref.startsWith("refs/heads/")) return "only pushes to branches are validated";
  if (deleted) return "the branch was deleted";
  if (policy.validatesBranch(ref.slice("refs/heads/".length))) return null;
  return "the branch is not among VALIDATE_PUSH_BRANCHES";
}

export const rerunChange = ({ app, head_sha }: payloads.Check): Change => ({
  type: "rerun",
  app_id: app?.id ?? null,
  head_sha,
});

export function commandChange({
  issue,
  comment,
}: v.InferOutput<typeof payloads.issueComment>): Change | Ignored {
  const command = COMMAND.exec(comment.body);
  if (command === null) return ignored("the comment is not a command");
  if (issue.pull_request === undefined || issue.pull_request === null) {
    return ignored("the comment is not on a pull request");
  }
  const isCancel = command[1] === "cancel";
  // Anybody's `/validate` may be an approval: private members of an organization arrive as CONTRIBUTOR.
  if (isCancel && !isMember(comment.author_association)) return ignored(NOT_ALLOWED_TO_COMMAND);
  return {
    type: "command",
    command: isCancel ? "cancel" : "validate",
    number: issue.number,
    comment_id: comment.id,
    ...(isCancel || command[1] === undefined ? {} : { sha: command[1] }),
    author_association: comment.author_association,
    ...(comment.created_at === null ? {} : { created_at: comment.created_at }),
  };
}

const COMMAND = /^\/validate(?:[ \t]+(cancel|[0-9a-f]{7,64}))?[ \t]*(?:\r?\n|$)/;

/** The action of the button on the check of a validation that waits for an approval. */
export function approvalChange({
  check_run: check,
  requested_action: action,
}: v.InferOutput<typeof payloads.checkRun>): Change | Ignored {
  if (action?.identifier !== APPROVE) return ignored("the action is not one of this gateway's");
  return { type: "approval", app_id: check.app?.id ?? null, head_sha: check.head_sha };
}

/** The version of the fact: an older consumer must not run what waits for an approval, nor obey those who may not command. */
export function factVersionOf(change: Change): DeliveryFact["v"] {
  const guarded =
    (change.type === "pull_request" && change.fork === true) ||
    (change.type === "command" && (change.sha !== undefined || !isMember(change.author_association)));
  return guarded ? GUARDED_FACT_VERSION : FACT_VERSION;
}
