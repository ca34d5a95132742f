/** GitHub's payloads, cut to what matters and as a test wants them. */

export type Payload = Readonly<Record<string, unknown>>;

export const HEAD_SHA = "a".repeat(40);
export const BASE_SHA = "b".repeat(40);
export const OLD_SHA = "c".repeat(40);
export const ZERO_SHA = "0".repeat(40);

export const repository = (over: Payload = {}): Payload => ({
  id: 35129377,
  full_name: "octo/widgets",
  html_url: "https://github.com/octo/widgets",
  clone_url: "https://github.com/octo/widgets.git",
  pushed_at: 1_700_000_000,
  ...over,
});

const envelope = (): Payload => ({
  repository: repository(),
  sender: { login: "mona" },
  installation: { id: 77 },
});

export const pullRequest = (action: string, pull: Payload = {}, over: Payload = {}): Payload => ({
  ...envelope(),
  action,
  pull_request: {
    number: 12,
    html_url: "https://github.com/octo/widgets/pull/12",
    state: action === "closed" ? "closed" : "open",
    draft: false,
    updated_at: "2026-11-23T09:59:00Z",
    head: { sha: HEAD_SHA, ref: "topic", repo: repository() },
    user: { login: "mona" },
    author_association: "MEMBER",
    base: { sha: BASE_SHA, ref: "main" },
    ...pull,
  },
  ...over,
});

export const mergeGroup = (action: string, group: Payload = {}): Payload => ({
  ...envelope(),
  action,
  merge_group: {
    head_sha: HEAD_SHA,
    head_ref: `refs/heads/gh-readonly-queue/main/pr-104-${BASE_SHA}`,
    base_sha: BASE_SHA,
    ...group,
  },
});

export const push = (over: Payload = {}): Payload => ({
  ...envelope(),
  ref: "refs/heads/main",
  before: OLD_SHA,
  after: HEAD_SHA,
  deleted: false,
  compare: "https://github.com/octo/widgets/compare/cccccccccccc...aaaaaaaaaaaa",
  ...over,
});

export const check = (event: "check_run" | "check_suite", action: string, over: Payload = {}): Payload => ({
  ...envelope(),
  action,
  [event]: { head_sha: HEAD_SHA, app: { id: 4711 }, ...over },
});

export const comment = (
  body: string,
  over: { action?: string; association?: string; pull?: unknown } = {},
): Payload => ({
  ...envelope(),
  action: over.action ?? "created",
  issue: { number: 12, ...("pull" in over ? { pull_request: over.pull } : { pull_request: { url: "x" } }) },
  comment: { id: 991, body, author_association: over.association ?? "MEMBER" },
});

export const note = (action: string | undefined, over: Payload = {}): Payload => ({
  ...envelope(),
  ...(action === undefined ? {} : { action }),
  ...over,
});
