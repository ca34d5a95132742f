import {
  type CallbackFact,
  type Change,
  type CommandChange,
  type DeliveryFact,
  FACT_VERSION,
  type MergeGroupChange,
  type PullRequestChange,
  type PushChange,
  type RerunChange,
} from "@webhook-gateway/shared/messages/fact.ts";

type Repository = NonNullable<DeliveryFact["repository"]>;

let repositories = 0;

/** A repository that no other test has. */
export function freshRepository(): Repository {
  repositories++;
  const full_name = `octo/widgets-${repositories}`;
  return { id: 1_000_000 + repositories, full_name, clone_url: `https://github.com/${full_name}.git` };
}

/** A full SHA that begins with a readable name. */
export const sha = (name: string): string =>
  Array.from(new TextEncoder().encode(name), (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .padEnd(40, "0")
    .slice(0, 40);

/** A time in the tests' own hour. */
export const second = (seconds: number): string =>
  new Date(Date.UTC(2026, 10, 1, 10) + seconds * 1000).toISOString();

export function delivery(
  repository: Repository | null,
  event: string,
  action: string | null,
  change: Change,
  fields: Partial<DeliveryFact> = {},
): DeliveryFact {
  return {
    v: FACT_VERSION,
    kind: "delivery",
    id: crypto.randomUUID(),
    event,
    action,
    received_at: second(0),
    repository,
    sender: "octocat",
    installation_id: null,
    change,
    ...fields,
  };
}

/** Pull request events of one pull request. */
export function pullRequest(repository: Repository, number = 12) {
  return (
    action: PullRequestChange["action"],
    head: string,
    at: number,
    change: Partial<PullRequestChange> = {},
  ): DeliveryFact =>
    delivery(repository, "pull_request", action, {
      type: "pull_request",
      action,
      number,
      url: `https://github.com/${repository.full_name}/pull/${number}`,
      head_sha: sha(head),
      head_ref: "topic",
      base_sha: sha("base"),
      before: null,
      draft: false,
      open: action !== "closed",
      updated_at: second(at),
      ...change,
    });
}

export const mergeGroup = (
  repository: Repository,
  action: MergeGroupChange["action"],
  head: string,
  number = 12,
): DeliveryFact =>
  delivery(repository, "merge_group", action, {
    type: "merge_group",
    action,
    number,
    url: `https://github.com/${repository.full_name}/pull/${number}`,
    head_sha: sha(head),
    head_ref: `refs/heads/gh-readonly-queue/main/pr-${number}-${sha("base")}`,
    base_sha: sha("base"),
  });

export const push = (
  repository: Repository,
  before: string,
  head: string,
  at: number | null,
  change: Partial<PushChange> = {},
): DeliveryFact =>
  delivery(repository, "push", null, {
    type: "push",
    validate: true,
    skip: null,
    url: `https://github.com/${repository.full_name}/compare/a...b`,
    head_sha: sha(head),
    head_ref: "refs/heads/main",
    ref_hash: "ab".repeat(32),
    base_sha: sha(before),
    pushed_at: at === null ? null : second(at),
    ...change,
  });

export const rerun = (
  repository: Repository,
  head: string,
  app_id: RerunChange["app_id"] = 77,
  event: "check_run" | "check_suite" = "check_run",
): DeliveryFact => delivery(repository, event, "rerequested", { type: "rerun", app_id, head_sha: sha(head) });

let comments = 0;
export const command = (
  repository: Repository,
  name: CommandChange["command"],
  number = 12,
  comment_id = ++comments,
): DeliveryFact =>
  delivery(repository, "issue_comment", "created", { type: "command", command: name, number, comment_id });

export const note = (event: string, repository: Repository | null = null): DeliveryFact =>
  delivery(repository, event, null, { type: "note" });

/** A callback about a validation, by our id unless told otherwise. */
export function callback(
  repository: Repository,
  validation_id: string,
  status: CallbackFact["status"],
  fields: Partial<CallbackFact> = {},
): CallbackFact {
  return {
    v: FACT_VERSION,
    kind: "callback",
    id: crypto.randomUUID(),
    received_at: second(600),
    id_kind: "ours",
    validation_id,
    grainchain_id: null,
    project_id: repository.full_name,
    pr_number: 12,
    status,
    success: true,
    occurred_at: null,
    error: null,
    results_stored: false,
    ...fields,
  };
}
