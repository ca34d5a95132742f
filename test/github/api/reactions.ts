/** Reactions to issue comments. */
import * as v from "valibot";
import { inRepository } from "../request/access.ts";
import { actor, nodeId, simpleUser } from "../request/accounts.ts";
import type { Call, Routes } from "../request/call.ts";
import { notFound, type Reply, timestamp } from "../request/reply.ts";
import type { Repository } from "../request/world.ts";

const creation = v.object({ content: v.string() });

function create(call: Call, repository: Repository): Reply {
  const { world, params, now } = call;
  const comment_id = Number(params.comment_id);
  if (repository.comments?.has(comment_id) === false) throw notFound();
  const { content } = v.parse(creation, call.body);
  const { login, type } = actor(call);
  const sameAs = (one: (typeof world.reactions)[number]): boolean =>
    one.repository === repository.full_name &&
    one.comment_id === comment_id &&
    one.content === content &&
    one.user === login;
  const known = world.reactions.find(sameAs);
  const reaction = known ?? {
    id: world.nextId(),
    repository: repository.full_name,
    comment_id,
    content,
    user: login,
    at: now,
  };
  if (known === undefined) world.reactions.push(reaction);
  return {
    status: known === undefined ? 201 : 200,
    body: {
      id: reaction.id,
      node_id: nodeId("Reaction", reaction.id),
      user: simpleUser(call, login, type),
      content,
      created_at: timestamp(reaction.at),
    },
  };
}

export const reactionRoutes: Routes = {
  "reactions/create-for-issue-comment": {
    credentials: ["token", "installation"],
    permission: ["pull_requests", "write"],
    serve: inRepository(create),
  },
};
