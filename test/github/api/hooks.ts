/** Webhooks of organizations, repositories and the App. */

import type { Hook } from "../client/spec.ts";
import { visibleRepository } from "../request/access.ts";
import type { Call, Route, Routes } from "../request/call.ts";
import { notFound, type Reply } from "../request/reply.ts";

/** The hook of a path. @throws {Refusal} if it is missing or hidden from the sender */
export function foundHook(call: Call): Hook {
  const { world, params, identity } = call;
  const hook = world.hooks.find((one) => isMeant(call, one));
  if (hook === undefined) throw notFound();
  if (hook.kind === "repo") visibleRepository(call);
  const stranger =
    hook.kind === "org" &&
    identity.kind === "installation" &&
    identity.grant.installation.account.login.toLowerCase() !== params.org?.toLowerCase();
  if (stranger) throw notFound();
  return hook;
}

function isMeant({ params }: Call, hook: Hook): boolean {
  if (params.org === undefined && params.owner === undefined) return hook.kind === "app";
  const owner = params.org ?? params.owner;
  return (
    hook.kind === (params.org === undefined ? "repo" : "org") &&
    hook.id === Number(params.hook_id) &&
    hook.owner?.toLowerCase() === owner?.toLowerCase() &&
    hook.repo?.toLowerCase() === params.repo?.toLowerCase()
  );
}

/** The URL of a hook. */
const addressOf = ({ baseUrl }: Call, { kind, owner, repo, id }: Hook): string =>
  kind === "org" ? `${baseUrl}/orgs/${owner}/hooks/${id}` : `${baseUrl}/repos/${owner}/${repo}/hooks/${id}`;

/** The configuration of a hook. GitHub never returns the secret. */
const configOf = ({ url, secret }: Hook) => ({
  url,
  content_type: "json",
  insecure_ssl: "0",
  ...(secret === undefined ? {} : { secret: "********" }),
});

function get(call: Call): Reply {
  const hook = foundHook(call);
  const url = addressOf(call, hook);
  const ofRepository = {
    type: "Repository",
    test_url: `${url}/test`,
    last_response: { code: null, status: "unused", message: null },
  };
  return {
    status: 200,
    body: {
      id: hook.id,
      name: "web",
      active: true,
      events: ["issue_comment", "merge_group", "pull_request", "push"],
      config: configOf(hook),
      url,
      ping_url: `${url}/pings`,
      deliveries_url: `${url}/deliveries`,
      created_at: "2024-01-01T00:00:00Z",
      updated_at: "2024-01-01T00:00:00Z",
      ...(hook.kind === "repo" ? ofRepository : { type: "Organization" }),
    },
  };
}

/** Who may access the hooks of an organization, of a repository and of the App. */
export const hookAccess = (level: "read" | "write") =>
  ({
    orgs: { credentials: ["token", "installation"], permission: ["organization_hooks", level] },
    repos: { credentials: ["token", "installation"], permission: ["repository_hooks", level] },
    apps: { credentials: ["app"] },
  }) satisfies Record<string, Omit<Route, "serve">>;

const { orgs, repos, apps } = hookAccess("read");

export const hookRoutes: Routes = {
  "orgs/get-webhook": { ...orgs, serve: get },
  "repos/get-webhook": { ...repos, serve: get },
  "apps/get-webhook-config-for-app": {
    ...apps,
    serve: (call) => ({ status: 200, body: configOf(foundHook(call)) }),
  },
};
