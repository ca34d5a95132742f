import { emitterEventNames } from "@octokit/webhooks";
import { permissionsFor } from "@webhook-gateway/shared/github/permissions.ts";
import { isRouted } from "@webhook-gateway/shared/routing/routing.ts";
import { expect, test } from "vitest";
import { appManifest, appName } from "../../src/connect/manifest.ts";
import { webAddress } from "../../src/connect/web-address.ts";

const hookUrl = "https://gateway.example.com/webhook/github";
const made = (pushes: boolean) =>
  appManifest({ name: "Webhook gateway", hookUrl, redirectUrl: "http://127.0.0.1:1/callback", pushes });

test("an App requests only the permissions that the gateway uses", () => {
  expect(made(false)).toEqual({
    name: "Webhook gateway",
    url: "https://gateway.example.com",
    hook_attributes: { url: hookUrl, active: true },
    redirect_url: "http://127.0.0.1:1/callback",
    public: false,
    default_permissions: {
      checks: "write",
      issues: "read",
      merge_queues: "read",
      metadata: "read",
      pull_requests: "write",
    },
    default_events: [
      "pull_request",
      "merge_group",
      "issue_comment",
      "check_run",
      "check_suite",
      "repository",
    ],
  });
  expect(made(true).default_permissions).toEqual({ ...made(false).default_permissions, contents: "read" });
});

test("it subscribes to every event that is routed, except those that every App gets", () => {
  const events = new Set(emitterEventNames.map((name) => name.split(".")[0] ?? ""));
  const routed = [...events].filter((event) => isRouted(event) && !/^(?:ping|installation.*)$/.test(event));
  expect(made(true).default_events.toSorted()).toEqual(routed.toSorted());
});

test.each([
  "POST /repos/{owner}/{repo}/check-runs",
  "POST /repos/{owner}/{repo}/issues/comments/1/reactions",
])("it may make the request %s", (route) => {
  expect(made(false).default_permissions).toMatchObject(permissionsFor(route));
});

test.each([
  [["acme", ""], "Webhook gateway acme"],
  [["", "local"], "Webhook gateway local"],
  [["an-organization-with-a-long-name", "staging"], "Webhook gateway an-organization-wi"],
])("an App of %j is called %s", (parts, name) => {
  expect(appName(...parts)).toBe(name);
});

test.each([
  ["https://api.github.com", "https://github.com"],
  ["https://api.github.com/", "https://github.com"],
  ["https://github.example.com/api/v3", "https://github.example.com"],
  ["https://api.example.com/api/v3/", "https://api.example.com"],
  ["https://api.acme.ghe.com", "https://acme.ghe.com"],
  ["http://127.0.0.1:9999/github/api/v3", "http://127.0.0.1:9999/github"],
])("GitHub's pages beside %s are at %s", (api, web) => {
  expect(webAddress(api)).toBe(web);
});
