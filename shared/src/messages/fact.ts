/**
 * Facts: what happened outside. A queue message is the envelope of one fact. A fact holds ids, SHAs, refs, URLs and times,
 * never a payload, so that no delivery is too large for the queue.
 */
import * as v from "valibot";
import { GRAINCHAIN_STATUSES } from "../domain/validation.ts";

/** The version of the envelope. A message of another version cannot be read and becomes a dead letter. */
export const FACT_VERSION = 1;

/**
 * The version of facts whose newest fields must not be ignored: a consumer that knows nothing of forks would run what is
 * to wait for an approval.
 */
export const GUARDED_FACT_VERSION = 2;

/** A delivery's fact as JSON is never longer. */
export const MAX_DELIVERY_FACT_BYTES = 4096;

/**
 * Results up to this size travel in the callback's fact; of larger ones a digest, or nothing. 100 facts of one batch then
 * stay below 2 MB, D1's limit for one bound value (https://developers.cloudflare.com/d1/platform/limits/).
 */
export const MAX_INLINE_RESULTS_BYTES = 8 * 1024;

/** As `Date.prototype.toISOString` writes it, so that text order is time order. */
const canonicalTime = v.pipe(v.string(), v.isoTimestamp(), v.regex(/^.{10}T.{8}\.\d{3}Z$/));
/** D1's number columns take integers only. */
const integer = v.pipe(v.number(), v.safeInteger());

const repository = v.object({
  id: integer,
  full_name: v.string(),
  clone_url: v.string(),
});

/** The actions that are recorded. */
export const PULL_REQUEST_ACTIONS = [
  "opened",
  "synchronize",
  "reopened",
  "ready_for_review",
  "edited",
  "closed",
] as const;
export const MERGE_GROUP_ACTIONS = ["checks_requested", "destroyed"] as const;

const pullRequestChange = v.object({
  type: v.literal("pull_request"),
  action: v.picklist(PULL_REQUEST_ACTIONS),
  number: integer,
  url: v.string(),
  head_sha: v.string(),
  head_ref: v.string(),
  base_sha: v.string(),
  before: v.nullable(v.string()),
  draft: v.boolean(),
  open: v.boolean(),
  updated_at: canonicalTime,
  /** Whether its head is in another repository, or in none any more. Older producers do not send this and the following. */
  fork: v.optional(v.boolean()),
  /** `owner/repo` of its head; null if it is gone. */
  head_repository: v.optional(v.nullable(v.string())),
  /** Its author's login. */
  author: v.optional(v.nullable(v.string())),
  author_association: v.optional(v.nullable(v.string())),
});

/** The tree of the head: its files. Missing if the payload does not say it, and in the facts of older producers. */
const treeId = v.optional(v.string());

const mergeGroupChange = v.object({
  type: v.literal("merge_group"),
  action: v.picklist(MERGE_GROUP_ACTIONS),
  number: integer,
  url: v.string(),
  head_sha: v.string(),
  head_ref: v.string(),
  base_sha: v.string(),
  tree_id: treeId,
});

const pushChange = v.object({
  type: v.literal("push"),
  /** False: recorded only. `skip` says why. */
  validate: v.boolean(),
  skip: v.nullable(v.string()),
  url: v.string(),
  head_sha: v.string(),
  head_ref: v.string(),
  ref_hash: v.string(),
  base_sha: v.string(),
  pushed_at: v.nullable(canonicalTime),
  tree_id: treeId,
});

/** Somebody pressed "Re-run" on GitHub. Whether the check is this gateway's is for the consumer to decide. */
const rerunChange = v.object({
  type: v.literal("rerun"),
  app_id: v.nullable(integer),
  head_sha: v.string(),
});

const commandChange = v.object({
  type: v.literal("command"),
  command: v.picklist(["validate", "cancel"]),
  number: integer,
  comment_id: integer,
  /** The head that it names: the first 7 digits or more. */
  sha: v.optional(v.string()),
  /** The comment's. Older producers do not send this and the following. */
  author_association: v.optional(v.string()),
  created_at: v.optional(canonicalTime),
});

/** Somebody pressed the button `approve` of a check on GitHub. Whether the check is this gateway's is for the consumer to decide. */
const approvalChange = v.object({
  type: v.literal("approval"),
  app_id: v.nullable(integer),
  head_sha: v.string(),
});

/** Only recorded. */
const noteChange = v.object({ type: v.literal("note") });

const change = v.variant("type", [
  pullRequestChange,
  mergeGroupChange,
  pushChange,
  rerunChange,
  commandChange,
  approvalChange,
  noteChange,
]);

const version = v.picklist([FACT_VERSION, GUARDED_FACT_VERSION]);

const deliveryFact = v.object({
  v: version,
  kind: v.literal("delivery"),
  /** The delivery's GUID. */
  id: v.string(),
  event: v.string(),
  action: v.nullable(v.string()),
  received_at: canonicalTime,
  repository: v.nullable(repository),
  sender: v.nullable(v.string()),
  installation_id: v.nullable(integer),
  change,
  /** The label of the secret that signed it. Missing if it was fetched. */
  secret: v.optional(v.string()),
  /** The repositories that this secret is bound to, as globs. Missing: every repository. */
  bound_to: v.optional(v.array(v.string())),
  /** Names the body and the secret that signed it. Missing if it was fetched. */
  digest: v.optional(v.string()),
  /** Names what the delivery says. The consumer adds it to what was received; older producers did, and still older ones not. */
  fingerprint: v.optional(v.string()),
  /** Of a delivery that never arrived and was fetched: when GitHub tried, and since when it held it back. */
  recovery: v.optional(
    v.object({ delivered_at: v.nullable(canonicalTime), throttled_at: v.nullable(canonicalTime) }),
  ),
});

const callbackFact = v.object({
  v: v.literal(FACT_VERSION),
  kind: v.literal("callback"),
  /** Given by the producer, unique. */
  id: v.string(),
  received_at: canonicalTime,
  /** `ours`: authenticated by the capability path. `any`: ours or Grainchain's. */
  id_kind: v.picklist(["ours", "any"]),
  validation_id: v.string(),
  /** Grainchain's own id, if the body has one beside ours. */
  grainchain_id: v.nullable(v.string()),
  project_id: v.string(),
  pr_number: integer,
  status: v.picklist(GRAINCHAIN_STATUSES),
  /** Of a completed run. */
  success: v.boolean(),
  /** The time that Grainchain gave. */
  occurred_at: v.nullable(canonicalTime),
  /** When the run started and ended, if it said so. Older producers do not send them. */
  started_at: v.optional(v.nullable(canonicalTime)),
  completed_at: v.optional(v.nullable(canonicalTime)),
  /** Why nothing is known about the change: the sandbox broke, or completed without a verdict. Cut to 1 KiB. */
  error: v.nullable(v.string()),
  /** Missing if there are none, or if they wait in D1 under the fact's id. */
  results: v.optional(v.record(v.string(), v.unknown())),
  results_stored: v.boolean(),
});

/** An operator's command about a validation. */
const operatorCommandFact = v.object({
  v: v.literal(FACT_VERSION),
  kind: v.literal("order"),
  /** Given by the producer, unique. */
  id: v.string(),
  received_at: canonicalTime,
  order: v.picklist(["cancel", "rerun", "approve"]),
  /** Why, in the operator's words. Only of an approval. */
  reason: v.optional(v.string()),
  /** `operator:<name>`. Missing in the facts of earlier versions. */
  actor: v.optional(v.string()),
  validation_id: v.string(),
});

/** A hint that an operator's request is stored in D1: the producer can send nothing but facts. */
const requestFact = v.object({
  v: v.literal(FACT_VERSION),
  kind: v.literal("request"),
  id: v.string(),
  received_at: canonicalTime,
});

const fact = v.variant("kind", [deliveryFact, callbackFact, operatorCommandFact, requestFact]);

export type Change = v.InferOutput<typeof change>;
export type PullRequestChange = v.InferOutput<typeof pullRequestChange>;
export type MergeGroupChange = v.InferOutput<typeof mergeGroupChange>;
export type PushChange = v.InferOutput<typeof pushChange>;
export type RerunChange = v.InferOutput<typeof rerunChange>;
export type CommandChange = v.InferOutput<typeof commandChange>;
export type ApprovalChange = v.InferOutput<typeof approvalChange>;
export type DeliveryFact = v.InferOutput<typeof deliveryFact>;
export type CallbackFact = v.InferOutput<typeof callbackFact>;
export type OperatorCommandFact = v.InferOutput<typeof operatorCommandFact>;
export type RequestFact = v.InferOutput<typeof requestFact>;
export type Fact = v.InferOutput<typeof fact>;

/** Reads a queue message. Undefined if it is not a fact of this version. */
export function parseFact(body: unknown): Fact | undefined {
  const parsed = v.safeParse(fact, body);
  return parsed.success ? parsed.output : undefined;
}
