import { hooksOf, parseHook } from "@webhook-gateway/shared/github/hook.ts";
import { describe, expect, test } from "vitest";

describe("reads", () => {
  test.each([
    [
      "org:octo-org/12345678",
      { path: "/orgs/{owner}/hooks/{hook_id}/deliveries", owner: "octo-org", repo: "", hook_id: 12345678 },
    ],
    [
      "repo:octo/widgets.js_2/7",
      {
        path: "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries",
        owner: "octo",
        repo: "widgets.js_2",
        hook_id: 7,
      },
    ],
    ["app", { path: "/app/hook/deliveries", installationPath: null }],
  ])("%s", (text, hook) => {
    expect(parseHook(text)).toMatchObject({ name: text, ...hook });
  });
});

test.each([
  "",
  "App",
  "app/1",
  "org:octo",
  "org:octo/",
  "org:octo/one",
  "org:octo/widgets/7",
  "org:octo/7 ",
  "repo:octo/7",
  "repo:octo/widgets/seven",
  "repo:octo/widgets/7/8",
  "repo:oc to/widgets/7",
  "repo:../../7",
  "repo:octo/../7",
  "org:../7",
  "user:octo/7",
  "https://api.github.com/orgs/octo/hooks/7",
])("does not take %j for a hook", (text) => {
  expect(parseHook(text)).toBeUndefined();
});

test("uses the App's own hook if none is configured, and none without an App", () => {
  const [org] = [parseHook("org:octo/7")].filter((hook) => hook !== undefined);
  if (org === undefined) throw new Error("no hook");
  expect(hooksOf([org], "app")).toEqual([org]);
  expect(hooksOf([], "app").map(({ name }) => name)).toEqual(["app"]);
  expect(hooksOf([], "token")).toEqual([]);
  expect(hooksOf([], "none")).toEqual([]);
});
