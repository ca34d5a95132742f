import { expect, test } from "vitest";
import type { FaultOutcome } from "../../../../test/github/client/fault.ts";
import { examine, githubProblems } from "../../support/doctor.ts";
import { appCredentials, delivered, openStaging } from "../../support/fake-wrangler-neighbours.ts";

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
  ["an organization's, with the App", "org:acme/7", appCredentials()],
  ["an organization's, with a token", "org:acme/7", { GITHUB_TOKEN: "github_pat_fine" }],
  ["a repository's, with the App", "repo:acme/widgets/8", appCredentials()],
  ["a repository's, with a token", "repo:acme/widgets/8", { GITHUB_TOKEN: "github_pat_fine" }],
  ["the App's own", "app", appCredentials()],
])("finds nothing wrong with a good hook: %s", async (_, hooks, credentials) => {
  const staging = await openStaging({ hooks });

  const found = await githubProblems(staging, credentials);

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
])("reports a hook that %s", async (_, outcome, expected) => {
  const staging = await openStaging();
  await staging.github.fault({ operation_id: "orgs/get-webhook" }, outcome);

  const found = await githubProblems(staging);

  for (const [status, what] of expected) {
    expect(found).toContainEqual({
      check: "hook org:acme/7",
      status,
      what: expect.stringContaining(what),
      mend: expect.stringContaining("/organizations/acme/settings/hooks/7"),
    });
  }
});

test("requires pushes if branches are validated", async () => {
  const staging = await openStaging();
  staging.project.edit("wrangler.consumer.toml", (toml) =>
    toml.replaceAll('VALIDATE_PUSH_BRANCHES = ""', 'VALIDATE_PUSH_BRANCHES = "main"'),
  );
  const found = hookOf({ events: ["pull_request", "merge_group", "issue_comment"] });
  await staging.github.fault({ operation_id: "orgs/get-webhook" }, found);

  expect(await githubProblems(staging)).toContainEqual(
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
])("reports a last delivery that ended with %i", async (status, what, mend) => {
  const staging = await openStaging({ hooks: "repo:acme/widgets/8" });
  await staging.github.addDeliveries(8, delivered(status));

  expect(await githubProblems(staging)).toEqual([
    {
      check: "hook repo:acme/widgets/8",
      status: "fail",
      what: `the last delivery (pull_request, 2026-11-24T01:00:00Z) ${what}`,
      mend,
    },
  ]);
});

test("reports a hook that has delivered nothing", async () => {
  const hook = { kind: "org", owner: "acme", id: 7, secret: "s" } as const;
  const staging = await openStaging({ github: { hooks: [hook] } });

  expect(await githubProblems(staging)).toContainEqual(
    expect.objectContaining({ status: "warn", what: "nothing was delivered yet" }),
  );
});

test("says what a credential needs to read a hook", async () => {
  const staging = await openStaging({ hooks: "org:acme/99" });

  expect(await githubProblems(staging)).toEqual([
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

test("recommends RECONCILE_HOOKS if lost deliveries could be recovered", async () => {
  const staging = await openStaging();
  staging.project.edit("wrangler.consumer.toml", (toml) =>
    toml.replaceAll(/RECONCILE_HOOKS = "[^"]*"/g, 'RECONCILE_HOOKS = ""'),
  );

  const { items } = await examine(staging, { GITHUB_TOKEN: "github_pat_fine" });

  expect(items).toContainEqual({
    check: "hooks",
    status: "warn",
    what: expect.stringContaining("RECONCILE_HOOKS is empty: lost deliveries are not recovered"),
    mend: "set it: org:<login>/<hook id>, repo:<owner>/<repo>/<hook id> or app",
  });
});
