/** Repositories, and their pull requests. */
import type { Installation, Pull } from "../client/spec.ts";
import { sampleOf } from "../openapi/sample.ts";
import { inRepository } from "../request/access.ts";
import { simpleUser } from "../request/accounts.ts";
import type { Call, Routes } from "../request/call.ts";
import { numberedPage } from "../request/pages.ts";
import { notFound, type Reply } from "../request/reply.ts";
import type { Repository } from "../request/world.ts";

/** A repository, in an answer that has it at this place. */
function shownRepository(call: Call, { id, name, owner, full_name }: Repository, ...path: string[]) {
  return {
    ...sampleOf(call.operation, ...path),
    id,
    name,
    full_name,
    owner: simpleUser(call, owner, "Organization"),
    html_url: `https://github.com/${full_name}`,
    clone_url: `https://github.com/${full_name}.git`,
    archived: false,
  };
}

function shownPull(call: Call, repository: Repository, pull: Pull, ...path: string[]) {
  const { number, state, draft, updated_at, created_at, author, author_association, head, base_sha } = pull;
  const sample = (...rest: string[]) => sampleOf(call.operation, ...path, ...rest);
  const head_repository = call.world.repository(head.repository ?? "") ?? repository;
  const user = simpleUser(call, author, "User");
  return {
    ...sample(),
    ...{ number, state, draft, updated_at, created_at, author_association, user },
    id: call.world.numberOf(`${repository.full_name}#${number}`),
    closed_at: state === "closed" ? updated_at : null,
    html_url: `https://github.com/${repository.full_name}/pull/${number}`,
    head: {
      ...sample("head"),
      sha: head.sha,
      ref: head.ref,
      user,
      repo: shownRepository(call, head_repository, ...path, "head", "repo"),
    },
    base: {
      ...sample("base"),
      sha: base_sha,
      ref: "main",
      user: simpleUser(call, repository.owner, "Organization"),
      repo: shownRepository(call, repository, ...path, "base", "repo"),
    },
  };
}

function listPulls(call: Call, repository: Repository): Reply {
  const { state = "open", direction = "desc" } = call.query;
  const all = call.world
    .pullsOf(repository)
    .filter((pull) => state === "all" || pull.state === state)
    .toSorted((a, b) => (direction === "desc" ? b.number - a.number : a.number - b.number));
  const { items, headers } = numberedPage(all, call);
  return { status: 200, headers, body: items.map((pull) => shownPull(call, repository, pull, "items")) };
}

function getPull(call: Call, repository: Repository): Reply {
  const pull = call.world
    .pullsOf(repository)
    .find(({ number }) => number === Number(call.params.pull_number));
  if (pull === undefined) throw notFound();
  return { status: 200, body: shownPull(call, repository, pull) };
}

function repositoriesOf(call: Call, installation: Installation | undefined): Repository[] {
  const names =
    installation?.repositories ?? call.world.spec.installations.flatMap((one) => one.repositories);
  const own = installation === undefined ? call.world.spec.repositories.map((one) => one.full_name) : [];
  return [...new Set([...names, ...own])].flatMap((name) => call.world.repository(name) ?? []);
}

const pullsRead = { credentials: ["token", "installation"], permission: ["pull_requests", "read"] } as const;
const metadata = { credentials: ["token", "installation"], permission: ["metadata", "read"] } as const;

export const pullRoutes: Routes = {
  "pulls/list": { ...pullsRead, serve: inRepository(listPulls) },
  "pulls/get": { ...pullsRead, serve: inRepository(getPull) },
  "repos/get": {
    ...metadata,
    serve: inRepository((call, repository) => ({ status: 200, body: shownRepository(call, repository) })),
  },
  "apps/list-repos-accessible-to-installation": {
    credentials: ["installation"],
    permission: ["metadata", "read"],
    serve(call) {
      const { identity } = call;
      const installation = identity.kind === "installation" ? identity.grant.installation : undefined;
      const all = repositoriesOf(call, installation);
      const { items, headers } = numberedPage(all, call);
      const repositories = items.map((one) => shownRepository(call, one, "repositories", "items"));
      return { status: 200, headers, body: { total_count: all.length, repositories } };
    },
  },
  "repos/list-for-authenticated-user": {
    credentials: ["token"],
    serve(call) {
      const { items, headers } = numberedPage(repositoriesOf(call, undefined), call);
      return { status: 200, headers, body: items.map((one) => shownRepository(call, one, "items")) };
    },
  },
};
