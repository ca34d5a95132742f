import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { ignoredEvents, missingEvents, NEEDED, PUSH } from "../../../src/doctor/github/events.ts";
import {
  APP_PERMISSIONS,
  EVENT_PERMISSIONS,
  HOOK_PERMISSIONS,
  permissionText,
} from "../../../src/doctor/github/permissions.ts";

const ALL = Object.fromEntries(Object.values(EVENT_PERMISSIONS).map(({ name, level }) => [name, level]));
const MOST = ["pull_request", "merge_group", "issue_comment"];

test.each([
  [["*"], { permissions: ALL, pushes: true }, []],
  [MOST, { pushes: false }, []],
  [MOST, { permissions: ALL, pushes: false }, ["check_run", "check_suite"]],
  [MOST, { pushes: true }, ["push"]],
  [[], { pushes: false }, ["pull_request", "issue_comment"]],
  [[], { permissions: ALL, pushes: true }, [...MOST, "check_run", "check_suite", "push"]],
])("of %j, with %o, finds %j missing", (events, subscriber, missing) => {
  const found = missingEvents(events, subscriber, "change it");

  expect(found.map(({ what }) => /(?:to|for) (\w+):/.exec(what)?.[1])).toEqual(missing);
  expect(found.map(({ fix }) => fix)).toEqual(missing.map(() => "change it"));
});

test.each([
  [["pull_request"], { issues: "read" }, "no permission for pull_request: no pull request is validated"],
  [["*"], { issues: "write" }, "no permission for pull_request: no pull request is validated"],
  [[], { issues: "read" }, "not subscribed to pull_request: no pull request is validated"],
])("names the permission without which an App has no event: %j, with %o", (events, permissions, what) => {
  const found = missingEvents(events, { permissions, pushes: false }, "Permissions & events");

  expect(found).toContainEqual({
    status: "fail",
    what,
    fix: "Permissions & events: Pull requests: read; then accept it in each installation",
  });
});

test.each([
  [["*"], undefined],
  [["pull_request", "push", "repository", "installation"], undefined],
  [["pull_request", "star", "watch"], "it gets star, watch, which are always ignored"],
])("of %j, says which ones nobody uses", (events, what) => {
  const found = ignoredEvents(events, "change it");

  expect(found === false ? undefined : found.what).toBe(what);
});

const description = v.object({
  "x-webhooks": v.record(
    v.string(),
    v.object({
      post: v.object({
        "x-github": v.object({ subcategory: v.string(), "supported-webhook-types": v.array(v.string()) }),
      }),
    }),
  ),
  components: v.object({
    schemas: v.object({
      "app-permissions": v.object({
        properties: v.record(v.string(), v.object({ enum: v.array(v.string()) })),
      }),
    }),
  }),
});

describe("GitHub's own description", () => {
  const file = createRequire(import.meta.url).resolve("@octokit/openapi/generated/api.github.com.json");
  const { "x-webhooks": webhooks, components } = v.parse(description, JSON.parse(readFileSync(file, "utf8")));

  test.each([...NEEDED, PUSH])("offers $event to the hooks that need it", ({ event, appOnly }) => {
    const kinds = Object.values(webhooks)
      .map(({ post }) => post["x-github"])
      .filter(({ subcategory }) => subcategory === event)
      .map((one) => one["supported-webhook-types"]);

    expect(kinds).not.toEqual([]);
    const reruns = ["check_run", "check_suite"].includes(event);
    for (const kind of kinds) {
      expect(kind).toContain("app");
      // Other hooks get events about checks, but never about their re-runs.
      if (!reruns) expect(kind.includes("repository") && kind.includes("organization")).toBe(!appOnly);
    }
  });

  test("has every permission, with its name and level", () => {
    const { properties } = components.schemas["app-permissions"];
    const all = [APP_PERMISSIONS, EVENT_PERMISSIONS, HOOK_PERMISSIONS].flatMap((some) => Object.values(some));
    for (const { name, level } of all)
      expect([name, properties[name]?.enum]).toEqual([name, expect.arrayContaining([level])]);
  });
});

describe("what an App needs is documented", () => {
  /** The most of each, as a person gives it. */
  const needed = [
    ...new Map(
      [EVENT_PERMISSIONS, HOOK_PERMISSIONS, APP_PERMISSIONS]
        .flatMap((some) => Object.values(some))
        .map((permission) => [permission.name, permissionText(permission)]),
    ).values(),
  ];

  test.each(["docs/operations.md", "docs/security.md"])("in %s", (document) => {
    const text = readFileSync(path.join(ROOT, document), "utf8").replaceAll(/\s+/g, " ");
    expect(needed.filter((permission) => !text.includes(permission))).toEqual([]);
  });

  test("event by event in a table", () => {
    const rows = [
      ...readFileSync(path.join(ROOT, "docs/operations.md"), "utf8").matchAll(
        /^\| (.+?) \| .+ \| (.+) \|$/gm,
      ),
    ];
    for (const { event, appOnly } of [...NEEDED, PUSH]) {
      const [, events = "", permission = ""] = rows.find(([, first = ""]) => namesEvent(first, event)) ?? [];
      const { label } = EVENT_PERMISSIONS[event];
      expect([event, permission]).toEqual([event, expect.stringContaining(`${label}: `)]);
      expect([event, events.includes("of an App only")]).toEqual([event, appOnly === true]);
    }
  });
});

/** GitHub's settings say `Check runs` of `check_run`, and `Pushes` of `push`. */
function namesEvent(cell: string, event: string): boolean {
  const said = event.replaceAll("_", " ");
  return cell.toLowerCase().includes(event === "push" ? "pushes" : `${said}s`);
}
