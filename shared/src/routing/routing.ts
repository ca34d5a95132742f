/**
 * Which deliveries matter, and what of them: a pure function from event and payload to a change. What the event's
 * name alone rules out is never parsed.
 */

import * as v from "valibot";
import type { Change, DeliveryFact } from "../messages/fact.ts";
import * as payloads from "./payload.ts";

export interface RoutingPolicy {
  /** Whether validations of this repository (`owner/repo`) are wanted. */
  readonly allowsRepository: (fullName: string) => boolean;
  /** Whether pushes to this branch are validated. */
  readonly validatesBranch: (branch: string) => boolean;
}

/** `ignored`: nothing to do. `invalid`: a field that routing needs is missing or malformed. */
export type Route =
  | { readonly kind: "ignored"; readonly reason: string }
  | { readonly kind: "invalid"; readonly fields: readonly string[] }
  | ({ readonly kind: "recorded" } & Projection);

/** What of a delivery goes into its fact. */
export type Projection = Pick<DeliveryFact, "action" | "repository" | "sender" | "installation_id"> & {
  readonly change: UnhashedChange;
};

/** A change before the hash of a pushed ref is known: hashing is asynchronous, routing is not. */
export type UnhashedChange = Change extends infer Each
  ? Each extends { type: "push" }
    ? Omit<Each, "ref_hash">
    : Each
  : never;

const PULL_REQUEST_ACTIONS = [
  "opened",
  "synchronize",
  "reopened",
  "ready_for_review",
  "edited",
  "closed",
] as const;
const MERGE_GROUP_ACTIONS = ["checks_requested", "destroyed"] as const;
const REPOSITORY_ACTIONS = ["renamed", "transferred", "deleted"];
const COMMANDERS = ["OWNER", "MEMBER", "COLLABORATOR"];

const ROUTED = [
  "pull_request",
  "merge_group",
  "push",
  "check_run",
  "check_suite",
  "issue_comment",
  "repository",
  "ping",
];

/** Whether the event's payload has to be read at all. */
export const isRouted = (event: string): boolean =>
  ROUTED.includes(event) || event.startsWith("installation");

/** Routes one payload. */
export function routeDelivery(event: string, payload: unknown, policy: RoutingPolicy): Route {
  if (!isRouted(event)) return ignored(`${event} events need nothing done`);
  const action = v.safeParse(payloads.actionOnly, payload);
  if (!action.success) return invalid(action.issues);
  const change = routeChange(event, action.output.action, payload, policy);
  if ("kind" in change) return change;
  const common = v.safeParse(payloads.common, payload);
  if (!common.success) return invalid(common.issues);
  const { repository } = common.output;
  if (repository === null && change.type !== "note") return { kind: "invalid", fields: ["repository"] };
  if (repository !== null && event !== "ping" && !policy.allowsRepository(repository.full_name)) {
    return ignored("this repository is not allowed by the configuration");
  }
  return { kind: "recorded", change, ...projectCommon(common.output) };
}

function routeChange(
  event: string,
  action: string | null,
  payload: unknown,
  policy: RoutingPolicy,
): UnhashedChange | Route {
  if (event === "push") return routePush(payload, policy);
  if (event === "ping" || event.startsWith("installation")) return { type: "note" };
  return action === null ? { kind: "invalid", fields: ["action"] } : routeAction(event, action, payload);
}

/** What follows from these events depends on their action, which GitHub always sends. */
function routeAction(event: string, action: string, payload: unknown): UnhashedChange | Route {
  switch (event) {
    case "pull_request":
      return routePullRequest(action, payload);
    case "merge_group":
      return routeMergeGroup(action, payload);
    case "check_run":
    case "check_suite":
      return routeRerun(event, action, payload);
    case "issue_comment":
      return routeComment(action, payload);
    default:
      return REPOSITORY_ACTIONS.includes(action) ? { type: "note" } : ignoredAction(event, action);
  }
}

function routePullRequest(given: string, payload: unknown): UnhashedChange | Route {
  const action = PULL_REQUEST_ACTIONS.find((known) => known === given);
  if (action === undefined) return ignoredAction("pull_request", given);
  const parsed = v.safeParse(payloads.pullRequest, payload);
  if (!parsed.success) return invalid(parsed.issues);
  const { pull_request: pull, before, changes } = parsed.output;
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

function routeMergeGroup(given: string, payload: unknown): UnhashedChange | Route {
  const action = MERGE_GROUP_ACTIONS.find((known) => known === given);
  if (action === undefined) return ignoredAction("merge_group", given);
  const parsed = v.safeParse(payloads.mergeGroup, payload);
  if (!parsed.success) return invalid(parsed.issues);
  const { merge_group: group, repository } = parsed.output;
  const number = Number(/\/pr-(\d{1,15})-[^/]*$/.exec(group.head_ref)?.[1] ?? 0);
  const url = number === 0 ? repository.html_url : `${repository.html_url}/pull/${number}`;
  return { type: "merge_group", action, number, url, ...group };
}

function routePush(payload: unknown, policy: RoutingPolicy): UnhashedChange | Route {
  const parsed = v.safeParse(payloads.push, payload);
  if (!parsed.success) return invalid(parsed.issues);
  const { ref, before, after, deleted, compare, repository } = parsed.output;
  const skip = skipPush(ref, deleted || /^0+$/.test(after), policy);
  return {
    type: "push",
    validate: skip === null,
    skip,
    url: compare ?? "",
    head_sha: after,
    head_ref: ref,
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

function routeRerun(
  event: "check_run" | "check_suite",
  action: string,
  payload: unknown,
): UnhashedChange | Route {
  if (action !== "rerequested") return ignoredAction(event, action);
  const parsed = v.safeParse(payloads.rerequested, payload);
  if (!parsed.success) return invalid(parsed.issues);
  const check = parsed.output[event];
  if (check === undefined) return { kind: "invalid", fields: [event] };
  return { type: "rerun", app_id: check.app?.id ?? null, head_sha: check.head_sha };
}

function routeComment(action: string, payload: unknown): UnhashedChange | Route {
  if (action !== "created") return ignoredAction("issue_comment", action);
  const parsed = v.safeParse(payloads.issueComment, payload);
  if (!parsed.success) return invalid(parsed.issues);
  const { issue, comment } = parsed.output;
  const command = /^\/validate(?:[ \t]+(cancel))?[ \t]*(?:\r?\n|$)/.exec(comment.body);
  if (command === null) return ignored("the comment is no command");
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

function projectCommon(common: payloads.Common): Omit<Projection, "change"> {
  const { repository, sender, installation, action } = common;
  return {
    action,
    sender: sender?.login ?? null,
    installation_id: installation?.id ?? null,
    repository:
      repository === null
        ? null
        : {
            id: repository.id,
            full_name: repository.full_name,
            clone_url: repository.clone_url ?? "",
          },
  };
}

const ignored = (reason: string): Route => ({ kind: "ignored", reason });

const ignoredAction = (event: string, action: string): Route =>
  ignored(`${event} ${action} needs nothing done`);

/** Names of fields only: an issue's own text quotes what was received. */
const invalid = (issues: readonly v.BaseIssue<unknown>[]): Route => ({
  kind: "invalid",
  fields: [...new Set(issues.map((issue) => v.getDotPath(issue) ?? "payload"))].slice(0, 10),
});
