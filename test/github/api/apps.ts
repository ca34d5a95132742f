/** The App and its installations. */
import { randomBytes } from "node:crypto";
import * as v from "valibot";
import type { App, Installation } from "../client/spec.ts";
import { integration, simpleUser } from "../request/accounts.ts";
import type { Call, Routes } from "../request/call.ts";
import { numberedPage } from "../request/pages.ts";
import { notFound, Refusal, type Reply, timestamp } from "../request/reply.ts";
import type { Grant } from "../request/world.ts";

const tokenRequest = v.object({
  repositories: v.exactOptional(v.array(v.string())),
  repository_ids: v.exactOptional(v.array(v.number())),
  permissions: v.exactOptional(v.record(v.string(), v.string())),
});

function createToken(call: Call): Reply {
  const { world, params, now } = call;
  const installation = world.installation(Number(params.installation_id));
  if (installation === undefined) throw notFound();
  if (installation.suspended) throw new Refusal(403, "This installation has been suspended");
  const request = v.parse(tokenRequest, call.body ?? {});
  const grant: Grant = {
    token: newToken(theApp(call)),
    installation,
    expires_at: now + world.spec.token_lifetime_ms,
    repositories: granted(call, installation, request),
    permissions: permitted(installation, request.permissions),
    revoked: false,
  };
  world.grants.set(grant.token, grant);
  return {
    status: 201,
    body: {
      token: grant.token,
      expires_at: timestamp(grant.expires_at),
      permissions: grant.permissions,
      repository_selection: "selected",
    },
  };
}

/** A token of today's length, with dots: `ghs_APPID_JWT`. */
function newToken(app: App): string {
  const part = (bytes: number): string => randomBytes(bytes).toString("base64url");
  return `ghs_${app.id}_${part(30)}.${part(180)}.${part(128)}`;
}

function granted(
  { world }: Call,
  installation: Installation,
  request: v.InferOutput<typeof tokenRequest>,
): Set<string> {
  const all = installation.repositories.flatMap((one) => world.repository(one) ?? []);
  const { repositories: names, repository_ids: ids } = request;
  const chosen =
    names === undefined && ids === undefined
      ? all
      : all.filter(
          ({ name, id }) =>
            names?.some((one) => one.toLowerCase() === name.toLowerCase()) || ids?.includes(id),
        );
  if (chosen.length < (names?.length ?? 0) + (ids?.length ?? 0))
    throw new Refusal(
      422,
      "There is at least one repository that does not exist or is not accessible to the parent installation.",
    );
  return new Set(chosen.map((one) => one.full_name.toLowerCase()));
}

function permitted(
  { permissions }: Installation,
  wanted: Readonly<Record<string, string>> = permissions,
): Readonly<Record<string, string>> {
  for (const [name, level] of Object.entries(wanted))
    if (permissions[name] !== level && permissions[name] !== "write")
      throw new Refusal(422, "The permissions requested are not granted to this installation.");
  return wanted;
}

const shown = (call: Call, installation: Installation | undefined): Reply => {
  if (installation === undefined) throw notFound();
  return { status: 200, body: installationBody(call, installation) };
};

function installationBody(call: Call, installation: Installation) {
  const { id, account, permissions, suspended } = installation;
  const app = theApp(call);
  const owner = simpleUser(call, account.login, account.type);
  return {
    id,
    account: owner,
    repository_selection: "selected",
    access_tokens_url: `${call.baseUrl}/app/installations/${id}/access_tokens`,
    repositories_url: `${call.baseUrl}/installation/repositories`,
    html_url: `https://github.com/organizations/${account.login}/settings/installations/${id}`,
    app_id: app.id,
    client_id: app.client_id,
    app_slug: app.slug,
    target_id: owner.id,
    target_type: account.type,
    permissions,
    events: ["issue_comment", "merge_group", "pull_request", "push"],
    created_at: "2024-01-01T00:00:00Z",
    updated_at: "2024-01-01T00:00:00Z",
    single_file_name: null,
    suspended_at: suspended ? "2024-06-01T00:00:00Z" : null,
    suspended_by: suspended ? owner : null,
  };
}

/** The description of the list says that an account is a user and an enterprise at once: it has the fields of both. */
function listedInstallation(call: Call, installation: Installation) {
  const { account, created_at, updated_at, ...body } = installationBody(call, installation);
  const { login } = account;
  const enterprise = { name: login, slug: login, created_at, updated_at };
  return { ...body, created_at, updated_at, account: { ...account, ...enterprise } };
}

function theApp({ identity }: Call): App {
  if (identity.kind !== "app") throw new Error("an operation of an App needs its credentials");
  return identity.app;
}

const sameName = (a: string, b = ""): boolean => a.toLowerCase() === b.toLowerCase();

export const appRoutes: Routes = {
  "apps/get-authenticated": {
    credentials: ["app"],
    serve: (call) => ({ status: 200, body: integration(call, theApp(call)) }),
  },
  "apps/create-installation-access-token": { credentials: ["app"], serve: createToken },
  "apps/list-installations": {
    credentials: ["app"],
    serve(call) {
      const { items, headers } = numberedPage(call.world.spec.installations, call);
      return { status: 200, headers, body: items.map((one) => listedInstallation(call, one)) };
    },
  },
  "apps/get-installation": {
    credentials: ["app"],
    serve: (call) => shown(call, call.world.installation(Number(call.params.installation_id))),
  },
  "apps/get-repo-installation": {
    credentials: ["app"],
    serve: (call) =>
      shown(
        call,
        call.world.spec.installations.find((one) =>
          one.repositories.some((name) => sameName(name, `${call.params.owner}/${call.params.repo}`)),
        ),
      ),
  },
  "apps/get-org-installation": {
    credentials: ["app"],
    serve: (call) =>
      shown(
        call,
        call.world.spec.installations.find(
          ({ account }) => account.type === "Organization" && sameName(account.login, call.params.org),
        ),
      ),
  },
};
