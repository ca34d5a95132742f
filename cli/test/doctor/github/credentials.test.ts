import { expect, test } from "vitest";
import type { FaultOutcome } from "../../../../test/github/client/fault.ts";
import type { InstanceSpec } from "../../../../test/github/client/spec.ts";
import { generateAppKeys } from "../../../../test/github/keys.ts";
import { githubProblems } from "../../support/doctor.ts";
import { APP_ID, appCredentials, openStaging } from "../../support/fake-wrangler-neighbours.ts";

const TOKEN = { GITHUB_TOKEN: "ghp_classic" };

const scopes = (given: string): FaultOutcome => ({
  status: 200,
  headers: { "x-oauth-scopes": given },
  body: { resources: {}, rate: {} },
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

  const found = await githubProblems(staging, TOKEN);

  expect(found.map(({ check, status, what }) => [check, status, what])).toEqual(
    expected.map(([status, what]) => ["GitHub token", status, expect.stringContaining(what ?? "")]),
  );
});

test("says which permissions a token needs if GitHub does not list them", async () => {
  const staging = await openStaging();

  expect(await githubProblems(staging, { GITHUB_TOKEN: "github_pat_fine" })).toEqual([
    {
      check: "GitHub token",
      status: "warn",
      what: "not checked: GitHub does not list the permissions of such a token",
      mend: "it needs Commit statuses: write, Pull requests: write, Metadata: read",
    },
  ]);
});

test("reports a token that is refused", async () => {
  const staging = await openStaging();

  const [found] = await githubProblems(staging, { GITHUB_TOKEN: "ghp_revoked" });

  expect(found).toMatchObject({
    check: "GitHub token",
    status: "fail",
    what: expect.stringContaining("it is refused: HTTP 401: Bad credentials"),
    mend: expect.stringContaining("npm run wrangler -- secret put GITHUB_TOKEN"),
  });
});

test("says what to set if there are no credentials here", async () => {
  const staging = await openStaging();

  const found = await githubProblems(staging, {});

  expect(found.map(({ check, status, what }) => [check, status, what])).toEqual([
    ["GitHub credentials", "warn", expect.stringContaining("neither GITHUB_TOKEN nor GITHUB_APP_ID")],
    ["hook org:acme/7", "warn", "not checked: no credentials for GitHub are set here"],
  ]);
});

test("names the permissions that an App is missing", async () => {
  const permissions = { checks: "read", metadata: "read", organization_hooks: "read" } as const;
  const installations: InstanceSpec["installations"] = [
    { id: 1, account: "acme", repositories: ["acme/widgets"], permissions },
  ];
  const staging = await openStaging({ github: { installations } });

  expect(await githubProblems(staging)).toEqual([
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
])("requires the App to read %s, unless a token does", async (hooks, permission) => {
  const permissions = { checks: "write", metadata: "read", pull_requests: "write" } as const;
  const installations: InstanceSpec["installations"] = [
    { id: 1, account: "acme", repositories: ["acme/widgets"], permissions },
  ];
  const staging = await openStaging({ hooks, github: { installations } });

  expect(await githubProblems(staging)).toContainEqual({
    check: "GitHub App",
    status: "fail",
    what: `it is missing ${permission}`,
    mend: `the App's settings, Permissions & events: ${permission}; then accept it in each installation`,
  });
  expect(await githubProblems(staging, { ...appCredentials(), GITHUB_TOKEN: "github_pat_fine" })).toEqual([]);
});

test("reads a private key in either form", async () => {
  const staging = await openStaging();
  const { GITHUB_APP_PRIVATE_KEY: pem, ...id } = appCredentials();

  expect(
    await githubProblems(staging, { ...id, GITHUB_APP_PRIVATE_KEY: pem.replaceAll("\n", "\\n") }),
  ).toEqual([]);
});

test("reports an id and a key that do not belong together", async () => {
  const staging = await openStaging();
  const GITHUB_APP_PRIVATE_KEY = generateAppKeys().privateKeyPkcs8;

  const [found] = await githubProblems(staging, { GITHUB_APP_ID: String(APP_ID), GITHUB_APP_PRIVATE_KEY });

  expect(found).toMatchObject({
    check: "GitHub App",
    status: "fail",
    mend: "check that GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY belong together, and the clock",
  });
});

test("requires the events of re-runs for an App whose hook is checked, and the usual events", async () => {
  const permissions = { checks: "write", metadata: "read", pull_requests: "write" } as const;
  const installations: InstanceSpec["installations"] = [
    { id: 1, account: "acme", repositories: ["acme/widgets"], permissions },
  ];
  const staging = await openStaging({ hooks: "app", github: { installations } });
  const settings = "the App's settings, Permissions & events";

  expect(await githubProblems(staging)).toEqual([
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

test("reports that GitHub does not answer", async () => {
  const staging = await openStaging();
  await staging.github.fault({}, { reset: true }, 0);

  const found = await githubProblems(staging);

  expect(found.map(({ check, status }) => [check, status])).toEqual([
    ["GitHub API", "fail"],
    ["GitHub App", "warn"],
    ["hook org:acme/7", "warn"],
  ]);
  // Where the gateway has no credentials, it asks GitHub for nothing.
  expect((await githubProblems(staging, {}))[0]).toMatchObject({ check: "GitHub API", status: "warn" });
});
