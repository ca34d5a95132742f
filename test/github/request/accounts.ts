/** Accounts and Apps, as GitHub's answers show them. */

import type { App } from "../client/spec.ts";
import type { Call } from "./call.ts";

type Context = Pick<Call, "world" | "baseUrl">;

/** An account, as GitHub's `simple-user`. */
export function simpleUser(
  { world, baseUrl }: Context,
  login: string,
  type: "Organization" | "User" | "Bot",
) {
  const url = `${baseUrl}/users/${encodeURIComponent(login)}`;
  const id = world.numberOf(login.toLowerCase());
  return {
    login,
    id,
    node_id: nodeId("User", id),
    avatar_url: `https://avatars.githubusercontent.com/u/${id}?v=4`,
    gravatar_id: "",
    url,
    html_url: `https://github.com/${encodeURIComponent(login)}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type,
    site_admin: false,
  };
}

/** The account that writes with these credentials. */
export function actor({ identity, world }: Pick<Call, "identity" | "world">): {
  readonly login: string;
  readonly type: "User" | "Bot";
} {
  if (identity.kind === "token")
    return { login: `user-${world.spec.tokens.indexOf(identity.token) + 1}`, type: "User" };
  return { login: `${world.app?.slug ?? "app"}[bot]`, type: "Bot" };
}

/** An App, as GitHub's `integration`. */
export function integration(context: Context, app: App) {
  const installed = context.world.spec.installations;
  return {
    id: app.id,
    slug: app.slug,
    client_id: app.client_id,
    node_id: nodeId("App", app.id),
    owner: simpleUser(context, app.owner, "Organization"),
    name: app.name ?? app.slug,
    description: "",
    external_url: "https://gateway.example",
    html_url: `https://github.com/apps/${app.slug}`,
    created_at: "2024-01-01T00:00:00Z",
    updated_at: "2024-01-01T00:00:00Z",
    permissions:
      app.permissions ?? Object.fromEntries(installed.flatMap((one) => Object.entries(one.permissions))),
    events: app.events,
    installations_count: installed.length,
  };
}

export const nodeId = (kind: string, id: number): string => Buffer.from(`${kind}${id}`).toString("base64url");
