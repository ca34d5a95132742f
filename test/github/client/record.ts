/** The state of an instance, as a test reads it. Does not use Node, so that tests in workerd can use it too. */
import * as v from "valibot";

export const requestRecord = v.object({
  method: v.string(),
  /** Without the instance's prefix and without the query. */
  path: v.string(),
  /** `null`: the description has no such operation. */
  operation_id: v.nullable(v.string()),
  query: v.record(v.string(), v.string()),
  /** The body, parsed if it is JSON; `null` if there is none. */
  body: v.unknown(),
  auth: v.object({
    kind: v.picklist(["none", "token", "app", "installation"]),
    installation_id: v.exactOptional(v.number()),
  }),
  /** The status of the answer; `null` if there is none yet, or never. */
  status: v.nullable(v.number()),
  /** When it arrived, in milliseconds since 1970. */
  at: v.number(),
  faulted: v.exactOptional(v.literal(true)),
});

const checkRunRecord = v.object({
  id: v.number(),
  repository: v.string(),
  name: v.string(),
  head_sha: v.string(),
  status: v.string(),
  conclusion: v.nullable(v.string()),
  details_url: v.string(),
  external_id: v.string(),
  output: v.object({
    title: v.nullable(v.string()),
    summary: v.nullable(v.string()),
    text: v.nullable(v.string()),
    annotations_count: v.number(),
  }),
  /** Every accepted body, from the first. */
  history: v.array(
    v.object({
      method: v.picklist(["POST", "PATCH"]),
      at: v.number(),
      installation_id: v.number(),
      body: v.record(v.string(), v.unknown()),
    }),
  ),
});

const statusRecord = v.object({
  id: v.number(),
  repository: v.string(),
  sha: v.string(),
  context: v.string(),
  state: v.string(),
  description: v.nullable(v.string()),
  target_url: v.nullable(v.string()),
  /** The login of the account that set it. */
  creator: v.string(),
  at: v.number(),
});

const reactionRecord = v.object({
  id: v.number(),
  repository: v.string(),
  comment_id: v.number(),
  content: v.string(),
  user: v.string(),
  at: v.number(),
});

const redeliveryRecord = v.object({
  hook_id: v.number(),
  /** The delivery, and its redelivery. */
  delivery_id: v.string(),
  redelivery_id: v.string(),
  guid: v.string(),
  at: v.number(),
  /** The status of the receiver's answer; `null` if nothing was sent, or there is no answer yet. */
  answered: v.nullable(v.number()),
});

const tokenRecord = v.object({
  permissions: v.record(v.string(), v.string()),
  token: v.string(),
  installation_id: v.number(),
  expires_at: v.number(),
  revoked: v.boolean(),
});

export const instanceState = v.object({
  /** By id. */
  check_runs: v.record(v.string(), checkRunRecord),
  statuses: v.array(statusRecord),
  reactions: v.array(reactionRecord),
  redeliveries: v.array(redeliveryRecord),
  /** The tokens that installations were issued. */
  tokens: v.array(tokenRecord),
});

export type RequestRecord = v.InferOutput<typeof requestRecord>;
export type CheckRunRecord = v.InferOutput<typeof checkRunRecord>;
export type StatusRecord = v.InferOutput<typeof statusRecord>;
export type ReactionRecord = v.InferOutput<typeof reactionRecord>;
export type RedeliveryRecord = v.InferOutput<typeof redeliveryRecord>;
export type TokenRecord = v.InferOutput<typeof tokenRecord>;
export type InstanceState = v.InferOutput<typeof instanceState>;
