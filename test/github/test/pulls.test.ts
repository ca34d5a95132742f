import { afterAll, beforeAll, expect, test } from "vitest";
import { type GitHubServer, startGitHubServer } from "../server/server.ts";
import { ask } from "./caller.ts";
import { appJwt, openFor, PERSONAL, SHA, tokenOf, WIDGETS } from "./support.ts";

let server: GitHubServer;
beforeAll(async () => {
  server = await startGitHubServer();
});
afterAll(() => server.close());

const pull = (number: number, more: object = {}) => ({
  ...{ repository: "acme/widgets", number, updated_at: "2026-11-01T10:00:00Z", head: { sha: SHA } },
  ...more,
});

test("lists installations, their repositories, and open pull requests in pages", async () => {
  const pulls = [...Array.from({ length: 12 }, (_, index) => pull(index + 1)), pull(13, { state: "closed" })];
  const github = await openFor(server.url, { pulls });
  const token = await tokenOf(github);

  const installations = await ask(`GET ${github.url}/app/installations?per_page=1`, { token: appJwt() });
  expect(installations).toMatchObject({ status: 200, body: [{ id: 1 }] });
  expect(installations.headers.get("link")).toContain('rel="next"');
  expect(await ask(`GET ${github.url}/installation/repositories`, { token })).toMatchObject({
    body: { total_count: 2, repositories: [{ full_name: "acme/widgets" }, { full_name: "acme/gears" }] },
  });
  expect(await ask(`GET ${github.url}/user/repos`, { token: PERSONAL })).toMatchObject({ status: 200 });
  const page = await ask(`GET ${github.url}${WIDGETS}/pulls?state=open&per_page=10&page=2`, { token });
  expect(page).toMatchObject({ body: [{ number: 2 }, { number: 1, head: { sha: SHA } }] });
  expect(await ask(`GET ${github.url}${WIDGETS}/pulls/13`, { token })).toMatchObject({
    body: { state: "closed" },
  });
  expect(await ask(`GET ${github.url}${WIDGETS}`, { token })).toMatchObject({
    body: { full_name: "acme/widgets" },
  });
  expect(await github.violations()).toEqual([]);
});

test("answers 304 to what has not changed, and does not count it", async () => {
  const github = await openFor(server.url, { pulls: [pull(1)] });
  const token = await tokenOf(github);
  const url = `GET ${github.url}${WIDGETS}/pulls`;
  const first = await ask(url, { token });
  const headers = { "if-none-match": first.headers.get("etag") ?? "" };

  const same = await ask(url, { token, headers });
  expect(same).toMatchObject({ status: 304, text: "" });
  expect(same.headers.get("x-ratelimit-used")).toBe(first.headers.get("x-ratelimit-used"));
  await github.setPulls(pull(1, { updated_at: "2026-11-01T10:00:01Z" }));
  expect(await ask(url, { token, headers })).toMatchObject({ status: 200 });
});

test("shows whose the head of a pull request is", async () => {
  const pulls = [pull(1), pull(2, { head: { sha: SHA, repository: "someone/else" } })];
  const github = await openFor(server.url, { pulls });
  expect(await ask(`GET ${github.url}${WIDGETS}/pulls`, { token: PERSONAL })).toMatchObject({
    body: [
      { head: { repo: { full_name: "someone/else" } } },
      { head: { repo: { full_name: "acme/widgets" } } },
    ],
  });
});
