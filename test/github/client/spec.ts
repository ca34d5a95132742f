/** What an instance of the double begins with. Free of Node, so that a test in workerd can use it too. */
import * as v from "valibot";

const id = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const fullName = v.pipe(v.string(), v.regex(/^[\w.-]+\/[\w.-]+$/));
const moment = v.pipe(v.string(), v.isoTimestamp());

/** GitHub's ids of deliveries have 64 bits, which a number loses: they may be given, and are kept, as digits. */
const deliveryId = v.pipe(
  v.union([v.pipe(v.number(), v.safeInteger()), v.pipe(v.string(), v.regex(/^\d+$/))]),
  v.transform(String),
);

const account = v.object({ login: v.string(), type: v.picklist(["Organization", "User"]) });

/** What an App must have been given for all that the double serves. */
const ALL_PERMISSIONS = {
  checks: "write",
  issues: "write",
  metadata: "read",
  organization_hooks: "write",
  pull_requests: "write",
  repository_hooks: "write",
  statuses: "write",
} as const;

const installation = v.object({
  id,
  /** A login alone is an organization's. */
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
    /** The only commits there are (default: every SHA is one). */
    commits: v.exactOptional(v.array(v.string())),
    /** The only issue comments there are (default: every id is one's). */
    comments: v.exactOptional(v.array(id)),
  }),
  v.pipe(
    fullName,
    v.transform((full_name) => ({ full_name })),
  ),
]);

const delivery = v.object({
  id: deliveryId,
  guid: v.string(),
  delivered_at: moment,
  /** As GitHub words it: `OK`, `Invalid HTTP Response: 502`, `timed out`. */
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
  /** Default: those that GitHub sends. */
  headers: v.exactOptional(v.record(v.string(), v.string())),
  /** What the receiver answered. */
  response: v.exactOptional(v.nullable(v.string())),
});

const hook = v.pipe(
  v.object({
    kind: v.picklist(["org", "repo", "app"]),
    /** Of an organization's or a repository's. */
    owner: v.exactOptional(v.string()),
    /** Of a repository's: its name without the owner. */
    repo: v.exactOptional(v.string()),
    id,
    url: v.optional(v.string(), "https://gateway.example/webhooks/github"),
    /** Signs what a redelivery posts. */
    secret: v.exactOptional(v.string()),
    /** Where redeliveries are really posted (default: nowhere). */
    deliver_to: v.exactOptional(v.pipe(v.string(), v.url())),
    /** How redeliveries end that are not posted. */
    redelivered: v.optional(v.object({ status: v.string(), status_code: v.number() }), {
      status: "OK",
      status_code: 200,
    }),
    deliveries: v.optional(v.array(delivery), []),
  }),
  v.check((one) => one.kind === "app" || one.owner !== undefined, "whose hook is it?"),
  v.check((one) => one.kind !== "repo" || one.repo !== undefined, "which repository's hook is it?"),
);

const app = v.object({
  id,
  publicKeyPem: v.string(),
  /** GitHub takes it as a JWT's issuer as well. */
  client_id: v.optional(v.string(), "Iv23liDouble"),
  slug: v.optional(v.string(), "gateway-under-test"),
});

export const instanceSpec = v.object({
  app: v.exactOptional(app),
  /** Personal access tokens. */
  tokens: v.optional(v.array(v.string()), []),
  installations: v.optional(v.array(installation), []),
  /** What is known of repositories; those of an installation exist without it. */
  repositories: v.optional(v.array(repository), []),
  hooks: v.optional(
    v.pipe(
      v.array(hook),
      v.check((all) => new Set(all.map((one) => one.id)).size === all.length, "two hooks have one id"),
    ),
    [],
  ),
  /** How long an installation's token lives (default: an hour, as GitHub's). */
  token_lifetime_ms: v.optional(v.number(), 3_600_000),
  /** Requests an hour, for each that authenticates. */
  rate_limit: v.optional(v.number(), 5000),
});

export const addedDeliveries = v.object({ hook_id: id, deliveries: v.array(delivery) });

export const revocation = v.object({
  token: v.exactOptional(v.string()),
  installation_id: v.exactOptional(v.number()),
});

/** As a test writes it. */
export type InstanceSpec = v.InferInput<typeof instanceSpec>;
export type HookSpec = v.InferInput<typeof hook>;
export type DeliverySpec = v.InferInput<typeof delivery>;
/** Which of the installations' tokens: all where nothing is said. */
export type Revocation = v.InferInput<typeof revocation>;

/** As the double reads it. */
export type ReadSpec = v.InferOutput<typeof instanceSpec>;
export type Delivery = v.InferOutput<typeof delivery>;
export type Hook = v.InferOutput<typeof hook>;
export type Installation = v.InferOutput<typeof installation>;
export type App = v.InferOutput<typeof app>;
