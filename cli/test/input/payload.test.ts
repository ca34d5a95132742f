import { emitterEventNames } from "@octokit/webhooks";
import { describe, expect, test } from "vitest";
import { buildPayload, knownEvents } from "../../src/input/payload.ts";

const now = new Date("2026-01-02T03:04:05.678Z");
const head = "6dcb09b5b57875f334f61aebed695e2e4193db5e";

describe("a payload", () => {
  test("is about the repository, pull request and head that are asked for", () => {
    expect(buildPayload("pull_request.opened", { repo: "acme/widgets", pr: 12, head, now })).toMatchObject({
      action: "opened",
      number: 12,
      repository: {
        full_name: "acme/widgets",
        name: "widgets",
        owner: { login: "acme" },
        clone_url: "https://github.com/acme/widgets.git",
      },
      pull_request: {
        number: 12,
        state: "open",
        html_url: "https://github.com/acme/widgets/pull/12",
        updated_at: "2026-01-02T03:04:05Z",
        head: { sha: head },
      },
    });
  });

  test("of a fork's pull request has its head in the fork, by someone who is not a member", () => {
    const payload = buildPayload("pull_request.opened", { repo: "acme/widgets", fork: "mona/widgets", now });
    expect(payload).toMatchObject({
      repository: { full_name: "acme/widgets" },
      pull_request: {
        author_association: "NONE",
        head: { repo: { full_name: "mona/widgets", owner: { login: "mona" }, fork: true } },
      },
    });
    expect(payload?.pull_request).not.toMatchObject({
      head: { repo: { id: Object(payload?.repository).id } },
    });
  });

  test("of a closed pull request says that it is closed", () => {
    expect(buildPayload("pull_request.closed", { now })).toMatchObject({ pull_request: { state: "closed" } });
  });

  test("keeps a repository's id, and gives another repository another one", () => {
    const idOf = (repo: string) => buildPayload("push", { repo, now })?.repository;
    expect(idOf("acme/widgets")).toMatchObject(idOf("acme/widgets") ?? {});
    expect(idOf("acme/widgets")).not.toEqual(idOf("acme/gadgets"));
  });

  test("has a head of its own if none is given", () => {
    const headOf = () => JSON.stringify(buildPayload("pull_request.opened", { repo: "acme/widgets", now }));
    expect(headOf()).not.toEqual(headOf());
  });

  test.each([
    ["merge_group.checks_requested", { merge_group: { head_sha: head } }],
    ["merge_group.destroyed", { action: "destroyed", merge_group: { head_sha: head } }],
    ["push", { after: head }],
    ["check_run.rerequested", { check_run: { head_sha: head } }],
    ["check_suite.rerequested", { check_suite: { head_sha: head } }],
    ["issue_comment.created", { issue: { number: 7 } }],
  ])("of %s is aimed too", (name, expected) => {
    expect(buildPayload(name, { repo: "acme/widgets", pr: 7, head, now })).toMatchObject(expected);
  });

  test.each(["nope", "pull_request.nope", "", "constructor", "push.created"])(
    "of %j does not exist",
    (name) => {
      expect(buildPayload(name, { now })).toBeUndefined();
    },
  );

  test("can be built for every action that GitHub has of an event with examples", () => {
    const events = knownEvents();
    const names = emitterEventNames.filter((name) => events.has(name.split(".")[0] ?? ""));
    expect(names.length).toBeGreaterThan(200);
    expect(names.filter((name) => buildPayload(name, { now }) === undefined)).toEqual([]);
  });
});
