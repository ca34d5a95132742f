/**
 * Which deliveries matter, and what of them: a pure function from event and payload to a change. What the event's
 * name alone rules out is never parsed.
 */

import * as v from "valibot";
import {
  type Change,
  type DeliveryFact,
  MERGE_GROUP_ACTIONS,
  type MergeGroupChange,
  PULL_REQUEST_ACTIONS,
  type PullRequestChange,
} from "../messages/fact.ts";
import type { ActionOf, EventName, SchemaFor } from "./github-event.ts";
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

/** Whether the event's payload has to be read at all. */
export const isRouted = (event: string): boolean => routerOf(event) !== undefined;

/** Routes one payload. */
export function routeDelivery(event: string, payload: unknown, policy: RoutingPolicy): Route {
  const router = routerOf(event);
  if (router === undefined) return ignored(`${event} events are ignored`);
  const action = v.safeParse(payloads.actionOnly, payload);
  if (!action.success) return invalid(action.issues);
  const change = router(payload, action.output.action, policy);
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

/** From a payload and its action to what follows. */
type Router = (payload: unknown, action: string | null, policy: RoutingPolicy) => UnhashedChange | Route;

/** Routes the payloads of an event with one of these actions; the rest is ignored. GitHub always sends the action. */
export const onActions =
  <Name extends EventName, Action extends ActionOf<Name>, Schema extends v.GenericSchema>(
    event: Name,
    actions: readonly Action[],
    schema: Schema & SchemaFor<Name, Schema>,
    changeOf: (payload: v.InferOutput<Schema>, action: Action) => UnhashedChange | Route,
  ): Router =>
  (payload, given) => {
    if (given === null) return { kind: "invalid", fields: ["action"] };
    const action = actions.find((known) => known === given);
    if (action === undefined) return ignored(`${event} ${given} is ignored`);
    const parsed = v.safeParse<Schema>(schema, payload);
    return parsed.success ? changeOf(parsed.output, action) : invalid(parsed.issues);
  };

const COMMANDERS = ["OWNER", "MEMBER", "COLLABORATOR"];

const note = (): UnhashedChange => ({ type: "note" });

/** Any other event is ignored. */
const ROUTERS = {
  pull_request: onActions("pull_request", PULL_REQUEST_ACTIONS, payloads.pullRequest, pullRequestChange),
  merge_group: onActions("merge_group", MERGE_GROUP_ACTIONS, payloads.mergeGroup, mergeGroupChange),
  push: routePush,
  check_run: onActions("check_run", ["rerequested"], payloads.checkRun, (read) =>
    rerunChange(read.check_run),
  ),
  check_suite: onActions("check_suite", ["rerequested"], payloads.checkSuite, (read) =>
    rerunChange(read.check_suite),
  ),
  issue_comment: onActions("issue_comment", ["created"], payloads.issueComment, commandChange),
  repository: onActions("repository", ["renamed", "transferred", "deleted"], payloads.actionOnly, note),
  ping: note,
  installation: note,
} satisfies { readonly [Name in EventName]?: Router };

/** Every event about installations is recorded, such as `installation_repositories`. */
function routerOf(event: string): Router | undefined {
  if (event.startsWith("installation")) return ROUTERS.installation;
  return Object.hasOwn(ROUTERS, event) ? ROUTERS[event as keyof typeof ROUTERS] : undefined;
}

function pullRequestChange(
  { pull_request: pull, before, changes }: v.InferOutput<typeof payloads.pullRequest>,
  action: PullRequestChange["action"],
): UnhashedChange | Route {
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

function mergeGroupChange(
  { merge_group: group, repository }: v.InferOutput<typeof payloads.mergeGroup>,
  action: MergeGroupChange["action"],
): UnhashedChange {
  const number = Number(/\/pr-(\d{1,15})-[^/]*$/.exec(group.head_ref)?.[1] ?? 0);
  const url = number === 0 ? repository.html_url : `${repository.html_url}/pull/${number}`;
  return { type: "merge_group", action, number, url, ...group };
}

function routePush(payload: unknown, _: string | null, policy: RoutingPolicy): UnhashedChange | Route {
  const parsed = v.safeParse(payloads.push satisfies SchemaFor<"push", typeof payloads.push>, payload);
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

const rerunChange = ({ app, head_sha }: payloads.Check): UnhashedChange => ({
  type: "rerun",
  app_id: app?.id ?? null,
  head_sha,
});

function commandChange({
  issue,
  comment,
}: v.InferOutput<typeof payloads.issueComment>): UnhashedChange | Route {
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

/** Names of fields only: an issue's own text quotes what was received. */
const invalid = (issues: readonly v.BaseIssue<unknown>[]): Route => ({
  kind: "invalid",
  fields: [...new Set(issues.map((issue) => v.getDotPath(issue) ?? "payload"))].slice(0, 10),
});
