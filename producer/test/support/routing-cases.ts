/** The routing table, row by row: what each delivery leads to. */
import {
  BASE_SHA,
  check,
  comment,
  HEAD_SHA,
  mergeGroup,
  note,
  OLD_SHA,
  type Payload,
  pullRequest,
  push,
  repository,
  ZERO_SHA,
} from "./payloads.ts";

export interface RoutingCase {
  readonly name: string;
  readonly event: string;
  readonly payload: Payload;
  /** What the recorded change holds; a text is (a part of) why the delivery is ignored. */
  readonly becomes: Payload | string;
}

const pullChange = (action: string, over: Payload = {}): Payload => ({
  type: "pull_request",
  action,
  number: 12,
  url: "https://github.com/octo/widgets/pull/12",
  head_sha: HEAD_SHA,
  head_ref: "topic",
  base_sha: BASE_SHA,
  before: null,
  draft: false,
  open: action !== "closed",
  updated_at: "2026-11-23T09:59:00.000Z",
  ...over,
});

const recordedPulls: RoutingCase[] = ["opened", "reopened", "ready_for_review", "closed"].map((action) => ({
  name: `pull_request ${action} is recorded`,
  event: "pull_request",
  payload: pullRequest(action),
  becomes: pullChange(action),
}));

const ignoredPulls: RoutingCase[] = [
  "assigned",
  "auto_merge_enabled",
  "converted_to_draft",
  "demilestoned",
  "enqueued",
  "labeled",
  "locked",
  "review_requested",
  "unassigned",
  "OPENED",
].map((action) => ({
  name: `pull_request ${action} is ignored`,
  event: "pull_request",
  payload: pullRequest(action),
  becomes: `pull_request ${action}`,
}));

const pulls: RoutingCase[] = [
  ...recordedPulls,
  ...ignoredPulls,
  {
    name: "pull_request synchronize keeps the head it replaces",
    event: "pull_request",
    payload: pullRequest("synchronize", {}, { before: OLD_SHA, after: HEAD_SHA }),
    becomes: pullChange("synchronize", { before: OLD_SHA }),
  },
  {
    name: "a draft is recorded as one",
    event: "pull_request",
    payload: pullRequest("opened", { draft: true }),
    becomes: pullChange("opened", { draft: true }),
  },
  {
    name: "a pull request that does not say whether it is a draft is none",
    event: "pull_request",
    payload: pullRequest("opened", { draft: null }),
    becomes: pullChange("opened"),
  },
  {
    name: "pull_request closed closes it, whatever state it names",
    event: "pull_request",
    payload: pullRequest("closed", { state: "open" }),
    becomes: pullChange("closed"),
  },
  {
    name: "an event of a pull request that is closed by now says so",
    event: "pull_request",
    payload: pullRequest("synchronize", { state: "closed" }),
    becomes: pullChange("synchronize", { open: false }),
  },
  {
    name: "pull_request edited with another base is recorded",
    event: "pull_request",
    payload: pullRequest(
      "edited",
      {},
      { changes: { base: { ref: { from: "main" }, sha: { from: OLD_SHA } } } },
    ),
    becomes: pullChange("edited"),
  },
  {
    name: "pull_request edited in its title is ignored",
    event: "pull_request",
    payload: pullRequest("edited", {}, { changes: { title: { from: "WIP" } } }),
    becomes: "not its base",
  },
  {
    name: "pull_request edited without changes is ignored",
    event: "pull_request",
    payload: pullRequest("edited"),
    becomes: "not its base",
  },
  {
    name: "a pull request with SHA-256 object names is recorded",
    event: "pull_request",
    payload: pullRequest("opened", { head: { sha: "d".repeat(64), ref: "topic" } }),
    becomes: pullChange("opened", { head_sha: "d".repeat(64) }),
  },
];

const groupChange = (action: string, over: Payload = {}): Payload => ({
  type: "merge_group",
  action,
  number: 104,
  url: "https://github.com/octo/widgets/pull/104",
  head_sha: HEAD_SHA,
  head_ref: `refs/heads/gh-readonly-queue/main/pr-104-${BASE_SHA}`,
  base_sha: BASE_SHA,
  ...over,
});

const mergeGroups: RoutingCase[] = [
  {
    name: "merge_group checks_requested is recorded with the number in its ref",
    event: "merge_group",
    payload: mergeGroup("checks_requested"),
    becomes: groupChange("checks_requested"),
  },
  {
    name: "merge_group destroyed is recorded",
    event: "merge_group",
    payload: mergeGroup("destroyed"),
    becomes: groupChange("destroyed"),
  },
  {
    name: "a merge group for a base branch with slashes and a pr- of its own has the last number",
    event: "merge_group",
    payload: mergeGroup("checks_requested", {
      head_ref: `refs/heads/gh-readonly-queue/release/pr-9-x/pr-8-${BASE_SHA}`,
    }),
    becomes: groupChange("checks_requested", {
      number: 8,
      url: "https://github.com/octo/widgets/pull/8",
      head_ref: `refs/heads/gh-readonly-queue/release/pr-9-x/pr-8-${BASE_SHA}`,
    }),
  },
  {
    name: "a merge group names the tree of its head",
    event: "merge_group",
    payload: mergeGroup("checks_requested", { head_commit: { id: HEAD_SHA, tree_id: BASE_SHA } }),
    becomes: groupChange("checks_requested", { tree_id: BASE_SHA }),
  },
  {
    name: "a merge group whose ref names no pull request has number 0",
    event: "merge_group",
    payload: mergeGroup("checks_requested", { head_ref: "refs/heads/merge/something" }),
    becomes: groupChange("checks_requested", {
      number: 0,
      url: "https://github.com/octo/widgets",
      head_ref: "refs/heads/merge/something",
    }),
  },
  {
    name: "another action of merge_group is ignored",
    event: "merge_group",
    payload: mergeGroup("created"),
    becomes: "merge_group created",
  },
];

const pushChange = (over: Payload = {}): Payload => ({
  type: "push",
  validate: true,
  skip: null,
  url: "https://github.com/octo/widgets/compare/cccccccccccc...aaaaaaaaaaaa",
  head_sha: HEAD_SHA,
  head_ref: "refs/heads/main",
  base_sha: OLD_SHA,
  pushed_at: "2023-11-14T22:13:20.000Z",
  ...over,
});

/** With `main` and `release/*` validated. */
const pushes: RoutingCase[] = [
  {
    name: "a push to a validated branch is recorded for validation",
    event: "push",
    payload: push(),
    becomes: pushChange(),
  },
  {
    name: "a push to a branch that a glob matches is recorded for validation",
    event: "push",
    payload: push({ ref: "refs/heads/release/1.2" }),
    becomes: pushChange({ head_ref: "refs/heads/release/1.2" }),
  },
  {
    name: "a push below what the glob matches is only recorded",
    event: "push",
    payload: push({ ref: "refs/heads/release/1.2/hotfix" }),
    becomes: { validate: false, skip: "the branch is not among VALIDATE_PUSH_BRANCHES" },
  },
  {
    name: "a push to a branch whose name differs in case is only recorded",
    event: "push",
    payload: push({ ref: "refs/heads/Main" }),
    becomes: { validate: false },
  },
  {
    name: "a pushed tag is only recorded, whatever its name",
    event: "push",
    payload: push({ ref: "refs/tags/main" }),
    becomes: { validate: false, skip: "only pushes to branches are validated" },
  },
  {
    name: "a deleted branch is only recorded",
    event: "push",
    payload: push({ deleted: true, after: ZERO_SHA }),
    becomes: { validate: false, skip: "the branch was deleted" },
  },
  {
    name: "a push to nothing counts as a deletion without saying so",
    event: "push",
    payload: push({ deleted: undefined, after: ZERO_SHA }),
    becomes: { validate: false, skip: "the branch was deleted" },
  },
  {
    name: "a new branch is pushed from nothing",
    event: "push",
    payload: push({ before: ZERO_SHA }),
    becomes: pushChange({ base_sha: ZERO_SHA }),
  },
  {
    name: "a push names the tree of its head",
    event: "push",
    payload: push({ head_commit: { id: HEAD_SHA, tree_id: BASE_SHA } }),
    becomes: pushChange({ tree_id: BASE_SHA }),
  },
  {
    name: "a push keeps a time given as text",
    event: "push",
    payload: push({ repository: repository({ pushed_at: "2026-11-23T11:00:00+02:00" }) }),
    becomes: pushChange({ pushed_at: "2026-11-23T09:00:00.000Z" }),
  },
  {
    name: "a push whose compare link is longer than a fact has room for is recorded without it",
    event: "push",
    payload: push({ compare: `https://github.com/octo/widgets/compare/${"%E5".repeat(244)}` }),
    becomes: pushChange({ url: "" }),
  },
];

const reruns: RoutingCase[] = (["check_run", "check_suite"] as const).flatMap((event) => [
  {
    name: `${event} rerequested is recorded as a re-run`,
    event,
    payload: check(event, "rerequested"),
    becomes: { type: "rerun", app_id: 4711, head_sha: HEAD_SHA },
  },
  {
    name: `${event} rerequested without an App is left to the consumer`,
    event,
    payload: check(event, "rerequested", { app: null }),
    becomes: { type: "rerun", app_id: null, head_sha: HEAD_SHA },
  },
  ...["created", "completed", "requested"].map((action) => ({
    name: `${event} ${action} is ignored`,
    event,
    payload: check(event, action),
    becomes: `${event} ${action}`,
  })),
]);

const approvals: RoutingCase[] = [
  {
    name: "the button of a check is recorded as an approval",
    event: "check_run",
    payload: { ...check("check_run", "requested_action"), requested_action: { identifier: "approve" } },
    becomes: { type: "approval", app_id: 4711, head_sha: HEAD_SHA },
  },
  ...[{ identifier: "fix-it" }, null].map((requested_action) => ({
    name: `the button ${requested_action?.identifier} of a check is ignored`,
    event: "check_run",
    payload: { ...check("check_run", "requested_action"), requested_action },
    becomes: "the action is not one of this gateway's",
  })),
];

const forks: RoutingCase[] = [
  ["its own branch", repository(), { fork: false, head_repository: "octo/widgets" }] as const,
  [
    "a fork",
    { id: 1, full_name: "mallory/widgets" },
    { fork: true, head_repository: "mallory/widgets" },
  ] as const,
  ["a deleted fork", null, { fork: true, head_repository: null }] as const,
  ["no repository at all", undefined, { fork: true, head_repository: null }] as const,
  [
    "a repository without an id",
    { full_name: "mallory/widgets" },
    { fork: true, head_repository: null },
  ] as const,
].map(([name, repo, becomes]) => ({
  name: `a pull request from ${name} says so`,
  event: "pull_request",
  payload: pullRequest("opened", {
    head: { sha: HEAD_SHA, ref: "topic", repo },
    user: { login: "mallory" },
    author_association: "NONE",
  }),
  becomes: { ...becomes, author: "mallory", author_association: "NONE" },
}));

const command = (name: string, more: object = {}): Payload => ({
  type: "command",
  command: name,
  number: 12,
  comment_id: 991,
  ...more,
});

const COMMENTS: readonly (readonly [body: string, becomes: Payload | string])[] = [
  ["/validate", command("validate")],
  ["/validate  ", command("validate")],
  ["/validate\n", command("validate")],
  ["/validate\r\nplease, I fixed it", command("validate")],
  ["/validate cancel", command("cancel")],
  ["/validate \t cancel \r\nbecause", command("cancel")],
  ["/validate 6dcb09b", command("validate", { sha: "6dcb09b" })],
  [`/validate ${HEAD_SHA} `, command("validate", { sha: HEAD_SHA })],
  ["/validate 6dcb09", "not a command"],
  ["/validate 6DCB09B", "not a command"],
  ["/validate please", "not a command"],
  ["/validate cancel now", "not a command"],
  ["/validatecancel", "not a command"],
  ["/validate-all", "not a command"],
  ["/Validate", "not a command"],
  ["please /validate", "not a command"],
  ["first\n/validate", "not a command"],
  ["\n/validate", "not a command"],
  ["> /validate", "not a command"],
  ["/validate\ncancel", command("validate")],
  ["", "not a command"],
];

const comments: RoutingCase[] = [
  ...COMMENTS.map(([body, becomes]) => ({
    name: `the comment ${JSON.stringify(body)} is ${typeof becomes === "string" ? "not " : ""}a command`,
    event: "issue_comment",
    payload: comment(body),
    becomes,
  })),
  ...["OWNER", "MEMBER", "COLLABORATOR", "CONTRIBUTOR", "NONE"].map((association) => ({
    name: `the command of a ${association} is recorded`,
    event: "issue_comment",
    payload: comment("/validate", { association }),
    becomes: command("validate", { author_association: association }),
  })),
  ...["CONTRIBUTOR", "FIRST_TIMER", "FIRST_TIME_CONTRIBUTOR", "MANNEQUIN", "NONE", "owner", ""].map(
    (association) => ({
      name: `the cancel of ${association === "" ? "nobody" : `a ${association}`} does not count`,
      event: "issue_comment",
      payload: comment("/validate cancel", { association }),
      becomes: "may not give commands",
    }),
  ),
  ...[undefined, null].map((pull) => ({
    name: `a command on an issue (pull_request ${pull}) does not count`,
    event: "issue_comment",
    payload: comment("/validate", { pull }),
    becomes: "not on a pull request",
  })),
  ...["edited", "deleted"].map((action) => ({
    name: `a comment ${action} is ignored`,
    event: "issue_comment",
    payload: comment("/validate", { action }),
    becomes: `issue_comment ${action}`,
  })),
];

const NOTED: readonly (readonly [event: string, action: string | undefined])[] = [
  ["ping", undefined],
  ["installation", "created"],
  ["installation", "deleted"],
  ["installation", "suspend"],
  ["installation_repositories", "added"],
  ["installation_target", "renamed"],
  ["repository", "renamed"],
  ["repository", "transferred"],
  ["repository", "deleted"],
];

const notes: RoutingCase[] = [
  ...NOTED.map(([event, action]) => ({
    name: `${event} ${action ?? ""} is recorded`,
    event,
    payload: note(action),
    becomes: { type: "note" },
  })),
  {
    name: "an installation has no repository",
    event: "installation",
    payload: note("created", { repository: undefined }),
    becomes: { type: "note" },
  },
  ...["created", "archived", "edited", "publicized"].map((action) => ({
    name: `repository ${action} is ignored`,
    event: "repository",
    payload: note(action),
    becomes: `repository ${action}`,
  })),
  ...["star", "issues", "workflow_run", "pull_request_review", "create", "delete", "Push", "constructor"].map(
    (event) => ({ name: `${event} is ignored`, event, payload: note("created"), becomes: event }),
  ),
];

export const ROUTING_CASES: readonly RoutingCase[] = [
  ...pulls,
  ...mergeGroups,
  ...pushes,
  ...approvals,
  ...forks,
  ...reruns,
  ...comments,
  ...notes,
];
