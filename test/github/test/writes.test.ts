import * as v from "valibot";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type GitHubServer, startGitHubServer } from "../server/server.ts";
import { ask } from "./caller.ts";
import { openFor, PERSONAL, SHA, tokenOf, WIDGETS } from "./support.ts";

let server: GitHubServer;
beforeAll(async () => {
  server = await startGitHubServer();
});
afterAll(() => server.close());

/** A GitHub, and how an installation asks it. */
async function open(spec: Parameters<typeof openFor>[1] = {}) {
  const github = await openFor(server.url, spec);
  const token = await tokenOf(github);
  const send = (method: string, path: string, body?: unknown) =>
    ask(`${method} ${github.url}${WIDGETS}${path}`, { token, body });
  return { github, token, send };
}

const RUN = { name: "grainchain", head_sha: SHA };
const idOf = (body: unknown): number => v.parse(v.object({ id: v.number() }), body).id;

test("a check run is created, updated and listed, and its history kept", async () => {
  const { github, send } = await open();
  const created = await send("POST", "/check-runs", { ...RUN, external_id: "v-1", status: "in_progress" });
  expect(created).toMatchObject({ status: 201, body: { status: "in_progress", conclusion: null } });
  const id = idOf(created.body);
  expect(id).toBeGreaterThan(2 ** 32);
  const output = { title: "Passed", summary: "All *good*." };
  const completion = { conclusion: "success", output };
  const updated = await send("PATCH", `/check-runs/${id}`, completion);
  expect(updated).toMatchObject({
    status: 200,
    body: { id, status: "completed", conclusion: "success", output, completed_at: expect.any(String) },
  });
  const reopened = await send("PATCH", `/check-runs/${id}`, { status: "in_progress" });
  expect(reopened.body).toMatchObject({ status: "in_progress", conclusion: null, completed_at: null });
  await send("POST", "/check-runs", { ...RUN, name: "other" });
  await send("POST", "/check-runs", { ...RUN, head_sha: SHA.replace("6", "7") });
  expect(await send("GET", `/check-runs/${id}`)).toMatchObject({ status: 200, body: { id } });
  expect(await send("GET", `/commits/${SHA}/check-runs?check_name=grainchain&app_id=4711`)).toMatchObject({
    status: 200,
    body: { total_count: 1, check_runs: [{ id, app: { id: 4711 } }] },
  });
  expect((await send("GET", `/commits/${SHA}/check-runs?app_id=1`)).body).toMatchObject({ total_count: 0 });
  const { check_runs } = await github.state();
  expect(check_runs[id]).toMatchObject({
    repository: "acme/widgets",
    external_id: "v-1",
    name: "grainchain",
  });
  expect(check_runs[id]?.history.map(({ method, body }) => [method, body])).toEqual([
    ["POST", { ...RUN, external_id: "v-1", status: "in_progress" }],
    ["PATCH", completion],
    ["PATCH", { status: "in_progress" }],
  ]);
  expect(await github.violations()).toEqual([]);
});

test("the latest of each name are listed, or all, page by page", async () => {
  const { send } = await open();
  for (let i = 0; i < 5; i += 1) await send("POST", "/check-runs", { ...RUN, external_id: `${i}` });
  const latest = await send("GET", `/commits/${SHA}/check-runs`);
  expect(latest.body).toMatchObject({ total_count: 1, check_runs: [{ external_id: "4" }] });
  const page = await send("GET", `/commits/${SHA}/check-runs?filter=all&per_page=2&page=2`);
  expect(page.body).toMatchObject({
    total_count: 5,
    check_runs: [{ external_id: "2" }, { external_id: "1" }],
  });
  expect(page.headers.get("link")).toMatch(/page=1>; rel="prev".*page=3>; rel="next".*page=3>; rel="last"/);
});

const annotation = { path: "a.ts", start_line: 1, end_line: 1, annotation_level: "notice", message: "m" };
const output = { title: "t", summary: "s" };

test.for([
  ["a summary of 65,535 characters", { output: { ...output, summary: "a".repeat(65_535) } }, undefined],
  [
    "a summary of one more",
    { output: { ...output, summary: "a".repeat(65_536) } },
    "Invalid request.\n\nOnly 65535 characters are allowed; 65536 were supplied.",
  ],
  [
    "a text of too many bytes",
    { output: { ...output, text: "é".repeat(40_000) } },
    "text exceeds a maximum bytesize of 65535",
  ],
  ["50 annotations", { output: { ...output, annotations: Array(50).fill(annotation) } }, undefined],
  [
    "51 annotations",
    { output: { ...output, annotations: Array(51).fill(annotation) } },
    "No more than 50 items are allowed; 51 were supplied.",
  ],
  ["an output without a title", { output: { summary: "s" } }, '"title" wasn\'t supplied.'],
  ["an empty output", { output: {} }, '"title", "summary" weren\'t supplied.'],
  ["a completion without a conclusion", { status: "completed" }, '"conclusion" wasn\'t supplied.'],
  ["a conclusion that is GitHub's own", { conclusion: "stale" }, "stale"],
  ["an invalid URL", { details_url: "ftp://x" }, "details_url must use the http or https scheme"],
  ["a short SHA", { head_sha: SHA.slice(0, 7) }, "No commit found for SHA: 6dcb09b"],
] as const)("%s is accepted or refused", async ([, difference, message]) => {
  const { send } = await open();
  const answered = await send("POST", "/check-runs", { ...RUN, ...difference });
  if (message === undefined) expect(answered.status).toBe(201);
  else {
    expect(answered.status).toBe(422);
    expect(JSON.parse(answered.text)).toHaveProperty("documentation_url");
    expect(JSON.stringify(answered.body)).toContain(JSON.stringify(message).slice(1, -1));
  }
});

test.for([
  ["github_pat_one", "Resource not accessible by personal access token"],
  ["ghp_classic", "You must authenticate via a GitHub App."],
] as const)("%s cannot write a check run, and can set a status", async ([token, message]) => {
  const github = await openFor(server.url, { tokens: [PERSONAL, "ghp_classic"] });
  const run = await ask(`POST ${github.url}${WIDGETS}/check-runs`, { token, body: RUN });
  expect(run).toMatchObject({ status: 403, body: { message } });
  const status = await ask(`POST ${github.url}${WIDGETS}/statuses/${SHA}`, {
    token,
    body: { state: "pending" },
  });
  expect(status).toMatchObject({ status: 201, body: { context: "default", creator: { type: "User" } } });
});

test.for([
  ["a description of 140 characters", { description: "é".repeat(140) }, undefined],
  ["one of 141", { description: "é".repeat(141) }, "description is too long (maximum is 140 characters)"],
  ["one with an emoji", { description: "🐛" }, "description doesn't accept 4-byte Unicode"],
  ["an invalid URL", { target_url: "x" }, "target_url must use http(s) scheme"],
  ["nulls", { description: null, target_url: null }, undefined],
] as const)("a status with %s is accepted or refused", async ([, difference, message]) => {
  const { github, send } = await open();
  const answered = await send("POST", `/statuses/${SHA}`, { state: "success", context: "ci", ...difference });
  if (message === undefined) expect(answered.status).toBe(201);
  else
    expect(answered).toMatchObject({
      status: 422,
      body: { message: "Validation Failed", errors: [{ resource: "Status", code: "custom", message }] },
    });
  expect(await github.violations()).toEqual([]);
});

test("a commit accepts 1,000 statuses of a context, regardless of case, and more of another", async () => {
  const { send } = await open();
  const set = (context: string) => send("POST", `/statuses/${SHA}`, { state: "pending", context });
  for (let i = 0; i < 10; i += 1) await Promise.all(Array.from({ length: 100 }, () => set("ci")));
  expect(await set("CI")).toMatchObject({
    status: 422,
    body: { errors: [{ message: "This SHA and context has reached the maximum number of statuses." }] },
  });
  expect((await set("other")).status).toBe(201);
  const listed = await send("GET", `/commits/${SHA}/statuses?per_page=1`);
  expect(listed).toMatchObject({ status: 200, body: [{ context: "other", state: "pending" }] });
});

test("an unknown commit or comment is refused if the spec lists the existing ones", async () => {
  const { send } = await open({
    repositories: [{ full_name: "acme/widgets", commits: [SHA], comments: [7] }],
  });
  const other = SHA.replace("6", "7");
  expect((await send("POST", `/statuses/${SHA}`, { state: "error" })).status).toBe(201);
  expect(await send("POST", `/statuses/${other}`, { state: "error" })).toMatchObject({
    status: 422,
    body: { message: `No commit found for SHA: ${other}` },
  });
  expect((await send("POST", "/issues/comments/8/reactions", { content: "eyes" })).status).toBe(404);
});

test("a reaction is created only once", async () => {
  const { github, send } = await open();
  const react = () => send("POST", "/issues/comments/7/reactions", { content: "eyes" });
  const [first, again] = [await react(), await react()];
  expect([first.status, again.status]).toEqual([201, 200]);
  expect(first.body).toEqual(again.body);
  expect((await github.state()).reactions).toMatchObject([{ comment_id: 7, content: "eyes" }]);
});
