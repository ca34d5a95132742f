/** What follows from a payload whose event and action matter. */
import type * as v from "valibot";
import type { Change, MergeGroupChange, PullRequestChange } from "../messages/fact.ts";
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
  { pull_request: pull, before, changes }: v.InferOutput<typeof payloads.pullRequest>,
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
    draft: pull.draft ?? false,
    open: action !== "closed" && pull.state === "open",
    updated_at: pull.updated_at,
  };
}

export function mergeGroupChange(
  { merge_group: group, repository }: v.InferOutput<typeof payloads.mergeGroup>,
  action: MergeGroupChange["action"],
): Change {
  const number = Number(/\/pr-(\d{1,15})-[^/]*$/.exec(group.head_ref)?.[1] ?? 0);
  const url = number === 0 ? repository.html_url : `${repository.html_url}/pull/${number}`;
  return { type: "merge_group", action, number, url, ...group };
}

export async function pushChange(
  { ref, before, after, deleted, compare, repository }: v.InferOutput<typeof payloads.push>,
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

/** Who may give commands in a comment. */
const COMMANDERS = ["OWNER", "MEMBER", "COLLABORATOR"];

export function commandChange({
  issue,
  comment,
}: v.InferOutput<typeof payloads.issueComment>): Change | Ignored {
  const command = /^\/validate(?:[ \t]+(cancel))?[ \t]*(?:\r?\n|$)/.exec(comment.body);
  if (command === null) return ignored("the comment is not a command");
  if (issue.pull_request === undefined || issue.pull_request === null) {
    return ignored("the comment is not on a pull request");
  }
  if (!COMMANDERS.includes(comment.author_association)) {
    return ignored("the comment's author may not give commands");
  }
  return {
    type: "command",
    command: command[1] === "cancel" ? "cancel" : "validate",
    number: issue.number,
    comment_id: comment.id,
  };
}
