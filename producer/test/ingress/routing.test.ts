import { isRouted, routeDelivery } from "@webhook-gateway/shared/routing/routing.ts";
import type { RoutingPolicy } from "@webhook-gateway/shared/routing/routing-policy.ts";
import { describe, expect, test } from "vitest";
import { check, comment, mergeGroup, note, pullRequest, push, repository } from "../support/payloads.ts";
import { ROUTING_CASES } from "../support/routing-cases.ts";

const policy: RoutingPolicy = {
  allowsRepository: () => true,
  validatesBranch: (branch) => branch === "main" || /^release\/[^/]+$/.test(branch),
};

const head = { id: "1", received_at: "2026-11-23T10:00:00.000Z" };
const route = (event: string, payload: unknown, by = policy) =>
  routeDelivery({ ...head, event }, payload, by);

describe("the routing table", async () => {
  test.each(ROUTING_CASES)("$name", async ({ event, payload, becomes }) => {
    const result = await route(event, payload);
    if (typeof becomes === "string") {
      expect(result).toEqual({ kind: "ignored", reason: expect.stringContaining(becomes) });
    } else {
      expect(result).toMatchObject({ kind: "recorded", fact: { change: becomes } });
    }
  });
});

test("a recorded delivery carries the repository, the sender and the installation", async () => {
  expect(await route("pull_request", pullRequest("opened"))).toMatchObject({
    fact: {
      action: "opened",
      repository: {
        id: 35129377,
        full_name: "octo/widgets",
        clone_url: "https://github.com/octo/widgets.git",
      },
      sender: "mona",
      installation_id: 77,
    },
  });
});

test("a delivery without sender and installation is recorded without them", async () => {
  const payload = pullRequest("opened", {}, { sender: undefined, installation: null });
  expect(await route("pull_request", payload)).toMatchObject({
    kind: "recorded",
    fact: { sender: null, installation_id: null },
  });
});

test.each([
  ["synchronize", "d".repeat(40)],
  ["reopened", null],
] as const)("the head before it is taken over of a push alone: %s", async (action, before) => {
  const payload = pullRequest(action, {}, { before: "d".repeat(40) });
  expect(await route("pull_request", payload)).toMatchObject({ fact: { change: { action, before } } });
});

test("nothing else of the payload is taken over", async () => {
  const payload = pullRequest(
    "opened",
    { title: "SECRET-TITLE", body: "SECRET-BODY", user: { email: "SECRET-MAIL" } },
    { organization: { description: "SECRET-ORG" }, number: 12 },
  );
  expect(JSON.stringify(await route("pull_request", payload))).not.toContain("SECRET");
});

describe("names the missing or malformed fields", () => {
  const without = (payload: ReturnType<typeof push>, key: string) => ({ ...payload, [key]: undefined });
  test.each([
    ["pull_request", pullRequest("opened", { number: "12" }), ["pull_request.number"]],
    ["pull_request", pullRequest("opened", { number: -1 }), ["pull_request.number"]],
    ["pull_request", pullRequest("opened", { number: 1.5 }), ["pull_request.number"]],
    ["pull_request", pullRequest("opened", { head: { sha: "abc", ref: "x" } }), ["pull_request.head.sha"]],
    [
      "pull_request",
      pullRequest("opened", { head: { sha: "A".repeat(40), ref: "x" } }),
      ["pull_request.head.sha"],
    ],
    [
      "pull_request",
      pullRequest("opened", { head: { sha: "a".repeat(41), ref: "x" } }),
      ["pull_request.head.sha"],
    ],
    [
      "pull_request",
      pullRequest("opened", { head: { sha: "a".repeat(40), ref: "x\ny" } }),
      ["pull_request.head.ref"],
    ],
    [
      "pull_request",
      pullRequest("opened", { head: { sha: "a".repeat(40), ref: "é".repeat(257) } }),
      ["pull_request.head.ref"],
    ],
    ["pull_request", pullRequest("opened", { updated_at: "yesterday" }), ["pull_request.updated_at"]],
    ["pull_request", pullRequest("opened", { updated_at: "topic 3" }), ["pull_request.updated_at"]],
    [
      "pull_request",
      pullRequest("opened", { updated_at: "2026-11-23T10:00:00" }),
      ["pull_request.updated_at"],
    ],
    ["pull_request", pullRequest("opened", { updated_at: null }), ["pull_request.updated_at"]],
    [
      "pull_request",
      pullRequest("opened", { updated_at: "+010000-01-01T00:00:00Z" }),
      ["pull_request.updated_at"],
    ],
    [
      "pull_request",
      pullRequest("opened", { updated_at: "-000001-01-01T00:00:00Z" }),
      ["pull_request.updated_at"],
    ],
    ["pull_request", pullRequest("opened", { state: "merged" }), ["pull_request.state"]],
    ["pull_request", pullRequest("opened", { html_url: "javascript:alert(1)" }), ["pull_request.html_url"]],
    ["pull_request", pullRequest("synchronize", {}, { before: "zzz" }), ["before"]],
    ["pull_request", { action: "opened", repository: repository() }, ["pull_request"]],
    ["pull_request", pullRequest("opened", {}, { repository: null }), ["repository"]],
    ["pull_request", without(pullRequest("opened"), "repository"), ["repository"]],
    [
      "pull_request",
      pullRequest("opened", {}, { repository: repository({ full_name: "octo" }) }),
      ["repository.full_name"],
    ],
    [
      "pull_request",
      pullRequest("opened", {}, { repository: repository({ full_name: "a/b/c" }) }),
      ["repository.full_name"],
    ],
    [
      "pull_request",
      pullRequest("opened", {}, { repository: repository({ full_name: "../.." }) }),
      ["repository.full_name"],
    ],
    [
      "pull_request",
      pullRequest("opened", {}, { repository: repository({ full_name: "octo/.." }) }),
      ["repository.full_name"],
    ],
    [
      "pull_request",
      pullRequest("opened", {}, { repository: repository({ id: 2 ** 60 }) }),
      ["repository.id"],
    ],
    [
      "pull_request",
      pullRequest("opened", { number: "x", state: 1 }),
      ["pull_request.number", "pull_request.state"],
    ],
    ["pull_request", pullRequest("opened", {}, { action: 7 }), ["action"]],
    ["pull_request", without(pullRequest("opened"), "action"), ["action"]],
    ["pull_request", [], ["action"]],
    ["merge_group", without(mergeGroup("destroyed"), "action"), ["action"]],
    ["check_run", without(check("check_run", "rerequested"), "action"), ["action"]],
    ["check_suite", without(check("check_suite", "rerequested"), "action"), ["action"]],
    ["issue_comment", without(comment("/validate"), "action"), ["action"]],
    ["repository", without(note("renamed"), "action"), ["action"]],
    ["merge_group", mergeGroup("destroyed", { base_sha: null }), ["merge_group.base_sha"]],
    ["push", without(push(), "ref"), ["ref"]],
    ["push", push({ before: "main" }), ["before"]],
    ["push", push({ repository: repository({ pushed_at: "soon" }) }), ["repository.pushed_at"]],
    ["push", push({ repository: repository({ pushed_at: 1e12 }) }), ["repository.pushed_at"]],
    ["check_run", { ...check("check_suite", "rerequested") }, ["check_run"]],
    ["check_suite", check("check_suite", "rerequested", { head_sha: 1 }), ["check_suite.head_sha"]],
    ["issue_comment", { ...comment("/validate"), comment: { id: 1 } }, ["comment.body"]],
    ["repository", note("renamed", { repository: { id: "1" } }), ["repository.id"]],
  ])("%s %#", async (event, payload, fields) => {
    expect(await route(event, payload)).toMatchObject({
      kind: "invalid",
      fields: expect.arrayContaining(fields),
    });
  });

  test.each([null, undefined, "text", 7, true])("a payload that is %j", async (payload) => {
    expect(await route("push", payload)).toEqual({ kind: "invalid", fields: ["payload"] });
  });
});

describe("a repository that the configuration does not allow", () => {
  const closed: RoutingPolicy = { ...policy, allowsRepository: (name) => name !== "octo/widgets" };

  test.each([
    ["pull_request", pullRequest("opened")],
    ["merge_group", mergeGroup("destroyed")],
    ["push", push()],
    ["issue_comment", comment("/validate")],
    ["check_run", check("check_run", "rerequested")],
    ["repository", note("renamed")],
  ])("is ignored for %s", async (event, payload) => {
    expect(await route(event, payload, closed)).toEqual({
      kind: "ignored",
      reason: expect.stringContaining("not allowed"),
      repositoryDenied: true,
    });
  });

  test("is recorded for ping, which shows that the hook works", async () => {
    expect(await route("ping", note(undefined), closed)).toMatchObject({ kind: "recorded" });
  });
});

test.each([
  ["pull_request", true],
  ["installation_repositories", true],
  ["ping", true],
  ["star", false],
  ["pull_request_review", false],
  ["", false],
  ["toString", false],
])("%s is routed: %s", (event, routed) => {
  expect(isRouted(event)).toBe(routed);
});
