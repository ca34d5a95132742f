import { afterAll, beforeAll, expect, test } from "vitest";
import type { Manifest } from "../client/manifest.ts";
import { type GitHubServer, startGitHubServer } from "../server/server.ts";
import { ask } from "./caller.ts";
import { openFor } from "./support.ts";

let server: GitHubServer;
beforeAll(async () => {
  server = await startGitHubServer();
});
afterAll(() => server.close());

const MANIFEST: Manifest = {
  name: "Another gateway",
  url: "https://gateway.example",
  hook_attributes: { url: "https://gateway.example/webhook/github", active: true },
  redirect_url: "http://127.0.0.1:9/callback?kept=1",
  public: false,
  default_permissions: { checks: "write", metadata: "read" },
  default_events: ["check_run"],
};

const post = (url: string, manifest: Manifest, more = {}) =>
  fetch(url, {
    method: "POST",
    body: new URLSearchParams({ manifest: JSON.stringify(manifest), ...more }),
    redirect: "manual",
  });

test("a manifest becomes an App once a person confirms it, and its code works once", async () => {
  const github = await openFor(server.url);
  const page = `${github.url}/organizations/acme/settings/apps/new?state=s`;

  expect((await post(page, MANIFEST)).status).toBe(200);
  const confirmed = await post(page, MANIFEST, { confirmed: "1", name: "Renamed" });
  const leadsTo = new URL(confirmed.headers.get("location") ?? "");
  expect(Object.fromEntries(leadsTo.searchParams)).toMatchObject({ kept: "1", state: "s" });
  const conversion = `POST ${github.url}/app-manifests/${leadsTo.searchParams.get("code")}/conversions`;
  const made = await ask(conversion);
  const again = await ask(conversion);

  expect(made).toMatchObject({
    status: 201,
    body: { slug: "renamed", owner: { login: "acme" }, permissions: MANIFEST.default_permissions },
  });
  expect(again.status).toBe(404);
  expect(await github.violations()).toEqual([]);
});

test.for<[string, Partial<Manifest>]>([
  ["already been taken", { name: "GATEWAY-under-test" }],
  ["maximum is 34", { name: "x".repeat(35) }],
  [
    "reachable over the public Internet",
    { hook_attributes: { url: "http://localhost:8787/webhook/github", active: true } },
  ],
  ["not supported by permissions: push", { default_events: ["check_run", "push"] }],
])("a manifest is refused: %s", async ([problem, changes]) => {
  const github = await openFor(server.url);

  const refused = await post(
    `${github.url}/settings/apps/new`,
    { ...MANIFEST, ...changes },
    { confirmed: "1" },
  );

  expect(refused.status).toBe(422);
  expect(await refused.text()).toContain(problem);
});
