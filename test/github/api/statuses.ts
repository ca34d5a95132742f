/** Commit statuses. */
import * as v from "valibot";
import type { StatusRecord } from "../client/record.ts";
import { inRepository } from "../request/access.ts";
import { actor, nodeId, simpleUser } from "../request/accounts.ts";
import type { Call, Routes } from "../request/call.ts";
import { isSha, requireCommit } from "../request/commits.ts";
import { numberedPage } from "../request/pages.ts";
import { invalidField, type Reply, timestamp } from "../request/reply.ts";
import type { Repository } from "../request/world.ts";

const MAX_DESCRIPTION = 140;
const MAX_CONTEXT = 255;
const MAX_STATUSES = 1000;

const creation = v.object({
  state: v.string(),
  target_url: v.optional(v.nullable(v.string()), null),
  description: v.optional(v.nullable(v.string()), null),
  context: v.optional(v.string(), "default"),
});

function create(call: Call, repository: Repository): Reply {
  const { world, params, now } = call;
  const asked = v.parse(creation, call.body);
  const { sha = "" } = params;
  if (!isSha(sha)) throw invalidField("Status", "sha", "sha must be a 40 character SHA1");
  requireCommit(repository, sha);
  refuse(asked);
  const context = asked.context.toLowerCase();
  const siblings = ofCommit(call, repository, sha).filter((one) => one.context.toLowerCase() === context);
  if (siblings.length >= MAX_STATUSES)
    throw invalidField(
      "Status",
      undefined,
      "This SHA and context has reached the maximum number of statuses.",
    );
  const { login } = actor(call);
  const id = world.nextId();
  const status = { id, repository: repository.full_name, sha, ...asked, creator: login, at: now };
  world.statuses.push(status);
  return {
    status: 201,
    body: shown(call, status),
    headers: { location: `${call.baseUrl}/repos/${repository.full_name}/statuses/${sha}` },
  };
}

/** @throws {Refusal} for what GitHub refuses although its description allows it */
function refuse({ description, context, target_url }: v.InferOutput<typeof creation>): void {
  const length = [...(description ?? "")].length;
  if (length > MAX_DESCRIPTION)
    throw invalidField(
      "Status",
      "description",
      `description is too long (maximum is ${MAX_DESCRIPTION} characters)`,
    );
  // Such a character counts as two in JavaScript.
  if (length !== (description ?? "").length)
    throw invalidField("Status", "description", "description doesn't accept 4-byte Unicode");
  if ([...context].length > MAX_CONTEXT)
    throw invalidField("Status", "context", `context is too long (maximum is ${MAX_CONTEXT} characters)`);
  if (target_url !== null && !/^https?:\/\//i.test(target_url))
    throw invalidField("Status", "target_url", "target_url must use http(s) scheme");
}

function list(call: Call, repository: Repository): Reply {
  const sha = requireCommit(repository, call.params.ref ?? "");
  const { items, headers } = numberedPage(ofCommit(call, repository, sha).toReversed(), call);
  return { status: 200, body: items.map((one) => shown(call, one)), headers };
}

function ofCommit({ world }: Call, repository: Repository, sha: string): StatusRecord[] {
  return world.statuses.filter((one) => one.repository === repository.full_name && one.sha === sha);
}

function shown(call: Call, status: StatusRecord) {
  const { id, repository, sha, context, state, description, target_url, creator, at } = status;
  const user = simpleUser(call, creator, creator.endsWith("[bot]") ? "Bot" : "User");
  return {
    url: `${call.baseUrl}/repos/${repository}/statuses/${sha}`,
    avatar_url: user.avatar_url,
    id,
    node_id: nodeId("StatusContext", id),
    state,
    description,
    target_url,
    context,
    created_at: timestamp(at),
    updated_at: timestamp(at),
    creator: user,
  };
}

export const statusRoutes: Routes = {
  "repos/create-commit-status": {
    credentials: ["token", "installation"],
    permission: ["statuses", "write"],
    serve: inRepository(create),
  },
  "repos/list-commit-statuses-for-ref": {
    credentials: ["token", "installation"],
    permission: ["statuses", "read"],
    serve: inRepository(list),
  },
};
