/** The initial state of an instance. Does not use Node, so that tests in workerd can use it too. */
import * as v from "valibot";

const id = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const fullName = v.pipe(v.string(), v.regex(/^[\w.-]+\/[\w.-]+$/));
const moment = v.pipe(v.string(), v.isoTimestamp());

/** GitHub's ids of deliveries have 64 bits, which a number cannot hold: they can be given, and are stored, as digits. */
const deliveryId = v.pipe(
  v.union([v.pipe(v.number(), v.safeInteger()), v.pipe(v.string(), v.regex(/^\d+$/))]),
  v.transform(String),
);

const account = v.object({ login: v.string(), type: v.picklist(["Organization", "User"]) });

/** The permissions that an App needs for all operations of the double. */
const ALL_PERMISSIONS = {
  checks: "write",
  issues: "read",
  metadata: "read",
  organization_hooks: "write",
  pull_requests: "write",
  repository_hooks: "write",
  statuses: "write",
} as const;

export const installation = v.object({
  id,
  /** A login alone means an organization. */
  account: v.union([
    account,
    v.pipe(
      v.string(),
      v.transform((login): v.InferOutput<typeof account> => ({ login, type: "Organization" })),
    ),
  ]),
  repositories: v.array(fullName),
  permissions: v.optional(v.record(v.string(), v.picklist(["read", "write"])), ALL_PERMISSIONS),
  suspended: v.optional(v.boolean(), false),
});

const repository = v.union([
  v.object({
    full_name: fullName,
    /** The existing commits (default: every SHA exists). */
    commits: v.exactOptional(v.array(v.string())),
    /** The existing issue comments (default: every id exists). */
    comments: v.exactOptional(v.array(id)),
  }),
  v.pipe(
    fullName,
    v.transform((full_name) => ({ full_name })),
  ),
]);

const sha = v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/));

const pull = v.object({
  /** `owner/repo` that it is a pull request of. */
  repository: fullName,
  number: id,
  state: v.optional(v.picklist(["open", "closed"]), "open"),
  draft: v.optional(v.boolean(), false),
  created_at: v.optional(moment, "2026-01-01T00:00:00Z"),
  updated_at: moment,
  author: v.optional(v.string(), "octocat"),
  author_association: v.optional(v.string(), "MEMBER"),
  base_sha: v.optional(sha, "b".repeat(40)),
  head: v.object({
    sha,
    ref: v.optional(v.string(), "topic"),
    /** Another one: a fork. */
    repository: v.exactOptional(fullName),
  }),
});

const delivery = v.object({
  id: deliveryId,
  guid: v.string(),
  delivered_at: moment,
  /** GitHub's text: `OK`, `Invalid HTTP Response: 502`, `timed out`. */
  status: v.string(),
  status_code: v.pipe(v.number(), v.integer()),
  event: v.string(),
  action: v.nullable(v.string()),
  installation_id: v.optional(v.nullable(id), null),
  repository_id: v.optional(v.nullable(id), null),
  throttled_at: v.optional(v.nullable(moment), null),
  redelivery: v.optional(v.boolean(), false),
  duration: v.optional(v.number(), 0.27),
  payload: v.nullable(v.record(v.string(), v.unknown())),
  /** Default: the headers that GitHub sends. */
  headers: v.exactOptional(v.record(v.string(), v.string())),
  /** The receiver's answer. */
  response: v.exactOptional(v.nullable(v.string())),
});

const hook = v.pipe(
  v.object({
    kind: v.picklist(["org", "repo", "app"]),
    /** The owner of an organization's or a repository's hook. */
    owner: v.exactOptional(v.string()),
    /** The name of the repository, without its owner. */
    repo: v.exactOptional(v.string()),
    id,
    url: v.optional(v.string(), "https://gateway.example/webhooks/github"),
    /** Signs redeliveries. */
    secret: v.exactOptional(v.string()),
    /** The receiver of redeliveries (default: they are not sent). */
    deliver_to: v.exactOptional(v.pipe(v.string(), v.url())),
    /** The outcome of redeliveries that are not sent. */
    redelivered: v.optional(v.object({ status: v.string(), status_code: v.number() }), {
      status: "OK",
      status_code: 200,
    }),
    deliveries: v.optional(v.array(delivery), []),
  }),
  v.check(
    (one) => one.kind === "app" || one.owner !== undefined,
    "a hook of an organization or a repository needs an owner",
  ),
  v.check((one) => one.kind !== "repo" || one.repo !== undefined, "a hook of a repository needs its name"),
);

const app = v.object({
  id,
  publicKeyPem: v.string(),
  /** GitHub also accepts it as the issuer of a JWT. */
  client_id: v.optional(v.string(), "Iv23liDouble"),
  slug: v.optional(v.string(), "gateway-under-test"),
  /** Default: its slug. */
  name: v.exactOptional(v.string()),
  /** The organization that owns it. */
  owner: v.optional(v.string(), "app-owner"),
  /** Default: those of its installations. */
  permissions: v.exactOptional(v.record(v.string(), v.string())),
  events: v.optional(v.array(v.string()), ["issue_comment", "merge_group", "pull_request", "push"]),
});

export const instanceSpec = v.object({
  app: v.exactOptional(app),
  /** Personal access tokens. */
  tokens: v.optional(v.array(v.string()), []),
  installations: v.optional(v.array(installation), []),
  /** Details of repositories; those of an installation exist without them. */
  repositories: v.optional(v.array(repository), []),
  pulls: v.optional(v.array(pull), []),
  /** The roles of people in every repository, by their logins (default: read). */
  collaborators: v.optional(
    v.record(v.string(), v.picklist(["admin", "maintain", "write", "triage", "read", "none"])),
    {},
  ),
  hooks: v.optional(
    v.pipe(
      v.array(hook),
      v.check(
        (all) => new Set(all.map((one) => one.id)).size === all.length,
        "hooks must have different ids",
      ),
    ),
    [],
  ),
  /** The lifetime of an installation's token (default: an hour, as at GitHub). */
  token_lifetime_ms: v.optional(v.number(), 3_600_000),
  /** Requests an hour for each authenticated sender. */
  rate_limit: v.optional(v.number(), 5000),
});

export const addedDeliveries = v.object({ hook_id: id, deliveries: v.array(delivery) });

export const changedPulls = v.object({ pulls: v.array(pull) });

export const revocation = v.object({
  token: v.exactOptional(v.string()),
  installation_id: v.exactOptional(v.number()),
});

/** The input of a test. */
export type InstanceSpec = v.InferInput<typeof instanceSpec>;
export type InstallationSpec = v.InferInput<typeof installation>;
export type HookSpec = v.InferInput<typeof hook>;
export type PullSpec = v.InferInput<typeof pull>;
export type DeliverySpec = v.InferInput<typeof delivery>;
/** The tokens to revoke (default: all). */
export type Revocation = v.InferInput<typeof revocation>;

/** The parsed input. */
export type ReadSpec = v.InferOutput<typeof instanceSpec>;
export type Pull = v.InferOutput<typeof pull>;
export type Delivery = v.InferOutput<typeof delivery>;
export type Hook = v.InferOutput<typeof hook>;
export type Installation = v.InferOutput<typeof installation>;
export type App = v.InferOutput<typeof app>;
