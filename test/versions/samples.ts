/** One fact of each kind and change, whole: what the producer of this version can send. */
import {
  type Change,
  type DeliveryFact,
  FACT_VERSION,
  type Fact,
} from "@webhook-gateway/shared/messages/fact.ts";

const AT = "2026-11-01T10:00:00.000Z";
const REPOSITORY = {
  id: 1,
  full_name: "octo/widgets",
  clone_url: "https://github.com/octo/widgets.git",
};
const HEAD = "a".repeat(40);
const BASE = "b".repeat(40);
/** The validation of the first fact. */
const VALIDATION = `1-pr-12-${HEAD}-1`;

const delivery = (id: string, event: string, action: string | null, change: Change): DeliveryFact => ({
  v: FACT_VERSION,
  kind: "delivery",
  id,
  event,
  action,
  received_at: AT,
  repository: REPOSITORY,
  sender: "octocat",
  installation_id: 7,
  change,
});

const pull = (action: "opened" | "closed", updated_at: string): Change => ({
  type: "pull_request",
  action,
  number: 12,
  url: "https://github.com/octo/widgets/pull/12",
  head_sha: HEAD,
  head_ref: "topic",
  base_sha: BASE,
  before: null,
  draft: false,
  open: action === "opened",
  updated_at,
});

const callback = {
  v: FACT_VERSION,
  kind: "callback",
  received_at: AT,
  pr_number: 12,
  occurred_at: AT,
} as const;

/** In the order in which they are recorded. */
export const FACTS: readonly Fact[] = [
  delivery("d1", "pull_request", "opened", pull("opened", AT)),
  {
    ...delivery("d1-bound", "pull_request", "closed", pull("closed", AT)),
    secret: "octo",
    bound_to: ["octo/*"],
    digest: "0".repeat(32),
    fingerprint: "1".repeat(32),
  },
  {
    ...delivery("d2", "merge_group", "checks_requested", {
      type: "merge_group",
      action: "checks_requested",
      number: 12,
      url: "https://github.com/octo/widgets/pull/12",
      head_sha: "c".repeat(40),
      head_ref: "refs/heads/gh-readonly-queue/main/pr-12-b",
      base_sha: BASE,
      tree_id: "8".repeat(40),
    }),
    recovery: { delivered_at: AT, throttled_at: null },
  },
  delivery("d3", "push", null, {
    type: "push",
    validate: true,
    skip: null,
    url: "https://github.com/octo/widgets/compare/a...b",
    head_sha: "d".repeat(40),
    head_ref: "refs/heads/main",
    ref_hash: "e".repeat(64),
    base_sha: BASE,
    pushed_at: AT,
    tree_id: "9".repeat(40),
  }),
  delivery("d4", "check_run", "rerequested", { type: "rerun", app_id: 77, head_sha: HEAD }),
  delivery("d5", "issue_comment", "created", {
    type: "command",
    command: "validate",
    number: 12,
    comment_id: 5,
  }),
  delivery("d6", "installation", "created", { type: "note" }),
  {
    ...callback,
    id: "c1",
    id_kind: "ours",
    validation_id: VALIDATION,
    grainchain_id: "grain-1",
    project_id: "octo/widgets",
    status: "running",
    success: false,
    error: null,
    started_at: AT,
    completed_at: null,
    results: { progress: 1 },
    results_stored: false,
  },
  {
    ...callback,
    id: "c2",
    id_kind: "any",
    validation_id: "nobody's",
    grainchain_id: null,
    project_id: "octo/widgets",
    status: "failed",
    success: false,
    error: "the sandbox broke",
    results_stored: false,
  },
  { v: FACT_VERSION, kind: "order", id: "o1", received_at: AT, order: "rerun", validation_id: VALIDATION },
  { v: FACT_VERSION, kind: "request", id: "r1", received_at: AT },
  delivery("d7", "pull_request", "closed", pull("closed", "2026-11-01T10:01:00.000Z")),
];
