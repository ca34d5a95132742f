/** A secret that is bound to repositories is valid for these alone. */
import { parseFact } from "@webhook-gateway/shared/messages/fact.ts";
import { describe, expect, test } from "vitest";
import { startApp } from "../support/app.ts";
import { delivery } from "../support/delivery.ts";
import { expectRefusal } from "../support/errors.ts";
import {
  HEAD_SHA,
  mergeGroup,
  note,
  type Payload,
  pullRequest,
  push,
  repository,
} from "../support/payloads.ts";
import { ROUTING_CASES } from "../support/routing-cases.ts";

const OCTO = "secret-of-octo";
const EVIL = "secret-of-evil";
const env = {
  VALIDATE_PUSH_BRANCHES: "main",
  GITHUB_WEBHOOK_SECRETS: JSON.stringify({
    octo: { secret: OCTO, repositories: ["octo/*", "mona/app"] },
    evil: { secret: EVIL, repositories: ["evil/*"] },
  }),
};
const CODE = "secret_not_for_repository";

async function send(payload: Payload, secret: string, event = "pull_request") {
  const app = startApp({ env });
  const response = await app.fetch(await delivery(payload, { event, secret }));
  return { response, sent: app.sent, lines: app.lines };
}

const ABOUT_A_REPOSITORY = ROUTING_CASES.filter(
  ({ event, payload, becomes }) =>
    event !== "ping" && payload.repository !== undefined && typeof becomes !== "string",
);

describe("its own secret alone speaks for a repository, and is named", () => {
  test.each(ABOUT_A_REPOSITORY)("$name", async ({ event, payload }) => {
    const stranger = await send(payload, EVIL, event);
    await expectRefusal(stranger.response, 403, CODE);
    expect(stranger.sent).toEqual([]);
    const { response, sent } = await send(payload, OCTO, event);
    expect(response.status).toBe(202);
    expect(parseFact(sent[0])).toMatchObject({ secret: "octo", bound_to: ["octo/*", "mona/app"] });
  });

  test("whatever the action: what would be ignored is refused, too", async () => {
    await expectRefusal((await send(pullRequest("labeled"), EVIL)).response, 403, CODE);
  });
});

test("an unbound secret is named, and bound to nothing", async () => {
  const app = startApp({ env });
  await app.fetch(await delivery(pullRequest("opened")));
  const fact = parseFact(app.sent[0]);
  expect(fact).toMatchObject({ secret: "current" });
  expect(fact).not.toHaveProperty("bound_to");
});

test.each([
  ["another case of its name", "OCTO/Widgets", 202],
  ["one that is listed by its name", "mona/app", 202],
  ["another one of that owner", "mona/other", 403],
  ["an owner whose name only begins so", "octo2/widgets", 403],
])("globs are read as those of REPOSITORY_ALLOW: %s", async (_, full_name, status) => {
  const html_url = `https://github.com/${full_name}`;
  const named = { repository: repository({ full_name, html_url, clone_url: `${html_url}.git` }) };
  const pull = pullRequest("opened", { html_url: `${html_url}/pull/12` }, named);
  expect((await send(pull, OCTO)).response.status).toBe(status);
});

test("the head repository of a fork is not the repository", async () => {
  const fork = { full_name: "evil/widgets", clone_url: "https://github.com/evil/widgets.git" };
  const head = { sha: HEAD_SHA, ref: "topic", repo: fork };
  expect((await send(pullRequest("opened", { head }), OCTO)).response.status).toBe(202);
  await expectRefusal((await send(pullRequest("opened", { head }), EVIL)).response, 403, CODE);
});

test("of a renamed or transferred repository the new name counts", async () => {
  const away = { full_name: "evil/gadgets", clone_url: "https://github.com/evil/gadgets.git" };
  const moved = note("transferred", {
    repository: repository(away),
    changes: { owner: { from: { user: { login: "octo" } } } },
  });
  await expectRefusal((await send(moved, OCTO, "repository")).response, 403, CODE);
  expect((await send(moved, EVIL, "repository")).response.status).toBe(202);
});

test.each([
  ["installation", "created"],
  ["installation_repositories", "added"],
  ["installation_target", "renamed"],
])("%s, which names repositories only in a list, needs an unbound secret", async (event, action) => {
  const { repository: _, ...payload } = note(action, { repositories: [{ full_name: "octo/widgets" }] });
  await expectRefusal((await send(payload, OCTO, event)).response, 403, CODE);
  const app = startApp({ env });
  expect((await app.fetch(await delivery(payload, { event }))).status).toBe(202);
});

test("a ping is accepted from every hook, and names no repository of others", async () => {
  const { repository: _, ...ofOrganization } = note(undefined);
  expect((await send(ofOrganization, EVIL, "ping")).response.status).toBe(200);
  const stranger = await send(note(undefined), EVIL, "ping");
  expect(stranger.response.status).toBe(200);
  expect(parseFact(stranger.sent[0])).toMatchObject({ repository: null, secret: "evil" });
  const own = await send(note(undefined), OCTO, "ping");
  expect(parseFact(own.sent[0])).toMatchObject({ repository: { full_name: "octo/widgets" } });
});

describe("an address of another repository beside a name of its own is refused", () => {
  const own = { full_name: "evil/x", html_url: "https://github.com/evil/x" };
  const evil = (over: Payload = {}) => ({
    repository: repository({ ...own, clone_url: "https://github.com/evil/x.git", ...over }),
  });
  const pull = { html_url: "https://github.com/evil/x/pull/12" };
  test.each<[string, string, Payload]>([
    [
      "to clone from",
      "pull_request",
      pullRequest("opened", pull, evil({ clone_url: "https://github.com/octo/widgets.git" })),
    ],
    [
      "by dots",
      "pull_request",
      pullRequest("opened", pull, evil({ clone_url: "https://github.com/evil/x/../../octo/widgets.git" })),
    ],
    ["of a pull request", "pull_request", pullRequest("opened", {}, evil())],
    [
      "of a merge group",
      "merge_group",
      { ...mergeGroup("checks_requested"), ...evil({ html_url: "https://github.com/octo/widgets" }) },
    ],
    ["of a push", "push", push(evil())],
  ])("%s", async (_, event, payload) => {
    const { response, sent } = await send(payload, EVIL, event);
    await expectRefusal(response, 403, CODE);
    expect(sent).toEqual([]);
  });

  test("and its own are taken", async () => {
    expect((await send(pullRequest("opened", pull, evil()), EVIL)).response.status).toBe(202);
  });
});
