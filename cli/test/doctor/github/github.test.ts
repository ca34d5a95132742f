import * as v from "valibot";
import { expect, test } from "vitest";
import type { FaultOutcome } from "../../../../test/github/client/fault.ts";
import type { InstanceSpec } from "../../../../test/github/client/spec.ts";
import { generateAppKeys } from "../../../../test/github/keys.ts";
import {
  APP_ID,
  appCredentials,
  delivered,
  openStaging,
  type Staging,
} from "../../support/fake-wrangler-neighbours.ts";

const DOCTOR = ["doctor", "--env", "staging", "--output", "json"];
const TOKEN = { GITHUB_TOKEN: "ghp_classic" };

const report = v.object({
  items: v.array(
    v.object({ check: v.string(), status: v.string(), what: v.string(), mend: v.nullable(v.string()) }),
  ),
});

/** What is found on GitHub's side, but for what is well. */
async function troubles({ project }: Staging, env: Readonly<Record<string, string>> = appCredentials()) {
  const { stdout } = await project.run(DOCTOR, env);
  const { items } = v.parse(report, JSON.parse(stdout));
  return items.filter(({ check, status }) => /^(GitHub|hook)/.test(check) && status !== "ok");
}

const scopes = (given: string): FaultOutcome => ({
  status: 200,
  headers: { "x-oauth-scopes": given },
  body: { resources: {}, rate: {} },
});

const hookOf = (changes: Readonly<Record<string, unknown>>): FaultOutcome => ({
  status: 200,
  body: {
    active: true,
    events: ["*"],
    config: {
      url: "http://127.0.0.1:1/webhook/github",
      content_type: "json",
      insecure_ssl: "0",
      secret: "********",
    },
    ...changes,
  },
});

test.each([
  ["repo, admin:org_hook", []],
  ["public_repo", []],
  ["repo:status", [["warn", "/validate gets no reaction"]]],
  ["read:org", [["fail", "it cannot post commit statuses"]]],
  ["", [["fail", "it cannot post commit statuses"]]],
])("judges the scopes of a classic token: %j", async (given, expected) => {
  const staging = await openStaging();
  // The API is asked without credentials, too.
  await staging.github.fault({ operation_id: "rate-limit/get" }, scopes(given), 0);

  const found = await troubles(staging, TOKEN);

  expect(found.map(({ check, status, what }) => [check, status, what])).toEqual(
    expected.map(([status, what]) => ["GitHub token", status, expect.stringContaining(what ?? "")]),
  );
});

test("says which permissions a token needs that does not tell them", async () => {
  const staging = await openStaging();

  expect(await troubles(staging, { GITHUB_TOKEN: "github_pat_fine" })).toEqual([
    {
      check: "GitHub token",
      status: "warn",
      what: "not checked: GitHub does not list the permissions of such a token",
      mend: "it needs Commit statuses: write, Pull requests: write, Metadata: read",
    },
  ]);
});

test("tells a token that is refused", async () => {
  const staging = await openStaging();

  const [found] = await troubles(staging, { GITHUB_TOKEN: "ghp_revoked" });

  expect(found).toMatchObject({
    check: "GitHub token",
    status: "fail",
    what: expect.stringContaining("it is refused: HTTP 401: Bad credentials"),
    mend: expect.stringContaining("npm run wrangler -- secret put GITHUB_TOKEN"),
  });
});

test("says what to set where there are no credentials here", async () => {
  const staging = await openStaging();

  const found = await troubles(staging, {});

  expect(found.map(({ check, status, what }) => [check, status, what])).toEqual([
    ["GitHub credentials", "warn", expect.stringContaining("neither GITHUB_TOKEN nor GITHUB_APP_ID")],
    ["hook org:acme/7", "warn", "not checked: no credentials for GitHub are set here"],
  ]);
});

test("names the permissions that an App lacks", async () => {
  const permissions = { checks: "read", metadata: "read", organization_hooks: "read" } as const;
  const installations: InstanceSpec["installations"] = [
    { id: 1, account: "acme", repositories: ["acme/widgets"], permissions },
  ];
  const staging = await openStaging({ github: { installations } });

  expect(await troubles(staging)).toEqual([
    {
      check: "GitHub App",
      status: "fail",
      what: "it is missing Checks: write, Pull requests: write",
      mend: "the App's settings, Permissions & events: Checks: write, Pull requests: write; then accept it in each installation",
    },
  ]);
});

test.each([
  ["org:acme/7", "Organization webhooks: read"],
  ["repo:acme/widgets/8", "Webhooks: read"],
])("wants the App to be able to look after %s, unless a token does", async (hooks, permission) => {
  const permissions = { checks: "write", metadata: "read", pull_requests: "write" } as const;
  const installations: InstanceSpec["installations"] = [
    { id: 1, account: "acme", repositories: ["acme/widgets"], permissions },
  ];
  const staging = await openStaging({ hooks, github: { installations } });

  expect(await troubles(staging)).toContainEqual({
    check: "GitHub App",
    status: "fail",
    what: `it is missing ${permission}`,
    mend: `the App's settings, Permissions & events: ${permission}; then accept it in each installation`,
  });
  expect(await troubles(staging, { ...appCredentials(), GITHUB_TOKEN: "github_pat_fine" })).toEqual([]);
});

test("reads a private key in either form", async () => {
  const staging = await openStaging();
  const { GITHUB_APP_PRIVATE_KEY: pem, ...id } = appCredentials();

  expect(await troubles(staging, { ...id, GITHUB_APP_PRIVATE_KEY: pem.replaceAll("\n", "\\n") })).toEqual([]);
});

test("tells an id and a key that do not belong together", async () => {
  const staging = await openStaging();
  const GITHUB_APP_PRIVATE_KEY = generateAppKeys().privateKeyPkcs8;

  const [found] = await troubles(staging, { GITHUB_APP_ID: String(APP_ID), GITHUB_APP_PRIVATE_KEY });

  expect(found).toMatchObject({
    check: "GitHub App",
    status: "fail",
    mend: "check that GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY belong together, and the clock",
  });
});

test("wants the events of re-runs from an App whose hook is looked after, and what others need", async () => {
  const permissions = { checks: "write", metadata: "read", pull_requests: "write" } as const;
  const installations: InstanceSpec["installations"] = [
    { id: 1, account: "acme", repositories: ["acme/widgets"], permissions },
  ];
  const staging = await openStaging({ hooks: "app", github: { installations } });
  const settings = "the App's settings, Permissions & events";

  expect(await troubles(staging)).toEqual([
    {
      check: "GitHub App",
      status: "warn",
      what: "no permission for merge_group: merge queues are not validated",
      mend: `${settings}: Merge queues: read; then accept it in each installation`,
    },
    {
      check: "GitHub App",
      status: "warn",
      what: "no permission for issue_comment: /validate in a comment does nothing",
      mend: `${settings}: Issues: read; then accept it in each installation`,
    },
    expect.objectContaining({
      check: "GitHub App",
      status: "warn",
      what: "not subscribed to check_run: Re-run of a check does nothing",
    }),
    expect.objectContaining({
      check: "GitHub App",
      status: "warn",
      what: "not subscribed to check_suite: Re-run all checks does nothing",
    }),
  ]);
});

test.each([
  ["an organization's, with the App", "org:acme/7", appCredentials()],
  ["an organization's, with a token", "org:acme/7", { GITHUB_TOKEN: "github_pat_fine" }],
  ["a repository's, with the App", "repo:acme/widgets/8", appCredentials()],
  ["a repository's, with a token", "repo:acme/widgets/8", { GITHUB_TOKEN: "github_pat_fine" }],
  ["the App's own", "app", appCredentials()],
])("finds a hook well that is: %s", async (_, hooks, credentials) => {
  const staging = await openStaging({ hooks });

  const found = await troubles(staging, credentials);

  expect(found.filter(({ check }) => check.startsWith("hook"))).toEqual([]);
  expect(await staging.github.violations()).toEqual([]);
});

test.each<[string, FaultOutcome, readonly (readonly [string, string])[]]>([
  ["sends elsewhere", hookOf({}), [["fail", "it sends to http://127.0.0.1:1/webhook/github, not to "]]],
  ["is not active", hookOf({ active: false }), [["fail", "it is not active"]]],
  [
    "lacks events",
    hookOf({ events: ["push"] }),
    [
      ["fail", "not subscribed to pull_request: no pull request is validated"],
      ["warn", "not subscribed to issue_comment: /validate in a comment does nothing"],
    ],
  ],
  [
    "has no secret and verifies nothing",
    hookOf({ config: { url: "", content_type: "xml", insecure_ssl: "1" } }),
    [
      ["fail", "it sends to nowhere, not to"],
      ["fail", "its content type is xml"],
      ["fail", "it does not verify the gateway's certificate"],
      ["fail", "it has no secret: every delivery is refused"],
    ],
  ],
])("tells a hook that %s", async (_, outcome, expected) => {
  const staging = await openStaging();
  await staging.github.fault({ operation_id: "orgs/get-webhook" }, outcome);

  const found = await troubles(staging);

  for (const [status, what] of expected) {
    expect(found).toContainEqual({
      check: "hook org:acme/7",
      status,
      what: expect.stringContaining(what),
      mend: expect.stringContaining("/organizations/acme/settings/hooks/7"),
    });
  }
});

test("wants pushes where branches are validated", async () => {
  const staging = await openStaging();
  staging.project.edit("wrangler.consumer.toml", (toml) =>
    toml.replaceAll('VALIDATE_PUSH_BRANCHES = ""', 'VALIDATE_PUSH_BRANCHES = "main"'),
  );
  const found = hookOf({ events: ["pull_request", "merge_group", "issue_comment"] });
  await staging.github.fault({ operation_id: "orgs/get-webhook" }, found);

  expect(await troubles(staging)).toContainEqual(
    expect.objectContaining({
      status: "fail",
      what: "not subscribed to push: VALIDATE_PUSH_BRANCHES has no effect",
    }),
  );
});

test.each([
  [401, "was answered 401", "set the same secret there as GITHUB_WEBHOOK_SECRET"],
  [502, "was answered 502", "gateway reconcile fetches it"],
  [0, "had no answer", "gateway reconcile fetches it"],
])("tells a last delivery that ended with %i", async (status, what, mend) => {
  const staging = await openStaging({ hooks: "repo:acme/widgets/8" });
  await staging.github.addDeliveries(8, delivered(status));

  expect(await troubles(staging)).toEqual([
    {
      check: "hook repo:acme/widgets/8",
      status: "fail",
      what: `the last delivery (pull_request, 2026-11-24T01:00:00Z) ${what}`,
      mend,
    },
  ]);
});

test("tells a hook that has delivered nothing", async () => {
  const hook = { kind: "org", owner: "acme", id: 7, secret: "s" } as const;
  const staging = await openStaging({ github: { hooks: [hook] } });

  expect(await troubles(staging)).toContainEqual(
    expect.objectContaining({ status: "warn", what: "nothing was delivered yet" }),
  );
});

test("says what a credential needs to read a hook", async () => {
  const staging = await openStaging({ hooks: "org:acme/99" });

  expect(await troubles(staging)).toEqual([
    {
      check: "hook org:acme/99",
      status: "warn",
      what: expect.stringMatching(
        /^not checked: HTTP 404: Not Found.*: it does not exist, or these credentials may not read it$/,
      ),
      mend: expect.stringContaining("a token needs admin:org_hook or read:repo_hook"),
    },
  ]);
});

test("tells GitHub that is away", async () => {
  const staging = await openStaging();
  await staging.github.fault({}, { reset: true }, 0);

  const found = await troubles(staging);

  expect(found.map(({ check, status }) => [check, status])).toEqual([
    ["GitHub API", "fail"],
    ["GitHub App", "warn"],
    ["hook org:acme/7", "warn"],
  ]);
  // Where the gateway has no credentials, it asks GitHub for nothing.
  expect((await troubles(staging, {}))[0]).toMatchObject({ check: "GitHub API", status: "warn" });
});

test("wants RECONCILE_HOOKS where lost deliveries could be recovered", async () => {
  const staging = await openStaging();
  staging.project.edit("wrangler.consumer.toml", (toml) =>
    toml.replaceAll(/RECONCILE_HOOKS = "[^"]*"/g, 'RECONCILE_HOOKS = ""'),
  );

  const { stdout } = await staging.project.run(DOCTOR, { GITHUB_TOKEN: "github_pat_fine" });

  expect(v.parse(report, JSON.parse(stdout)).items).toContainEqual({
    check: "hooks",
    status: "warn",
    what: expect.stringContaining("RECONCILE_HOOKS is empty: lost deliveries are not recovered"),
    mend: "set it: org:<login>/<hook id>, repo:<owner>/<repo>/<hook id> or app",
  });
});
