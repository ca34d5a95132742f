import { afterAll, beforeAll, expect, test } from "vitest";
import * as faults from "../client/fault.ts";
import { type GitHubServer, startGitHubServer } from "../server/server.ts";
import { type Answered, ask } from "./caller.ts";
import { openFor, SHA, tokenOf, WIDGETS } from "./support.ts";

let server: GitHubServer;
beforeAll(async () => {
  server = await startGitHubServer();
});
afterAll(() => server.close());

const CREATES_STATUS = { operation_id: "repos/create-commit-status" };

async function open() {
  const github = await openFor(server.url);
  const token = await tokenOf(github);
  const set = (signal?: AbortSignal): Promise<Answered> =>
    ask(`POST ${github.url}${WIDGETS}/statuses/${SHA}`, {
      token,
      body: { state: "success" },
      ...(signal === undefined ? {} : { signal }),
    });
  const count = async (): Promise<number> => (await github.state()).statuses.length;
  return { github, token, set, count };
}

test.for([
  [
    "a secondary rate limit",
    faults.secondaryRateLimit(30),
    403,
    "exceeded a secondary rate limit",
    { "retry-after": "30" },
  ],
  [
    "a primary rate limit",
    faults.primaryRateLimit(60, 429),
    429,
    "rate limit exceeded",
    { "x-ratelimit-remaining": "0" },
  ],
  ["a server error", faults.serverError, 500, "Server Error", {}],
  ["a bad gateway", faults.badGateway, 502, "<h1>502 Bad Gateway</h1>", { "content-type": "text/html" }],
  ["a failed validation", faults.validationFailed(), 422, "Validation Failed", {}],
  ["a missing resource", faults.notFound, 404, "Not Found", {}],
  ["an expired token", faults.badCredentials, 401, "Bad credentials", {}],
  ["a missing permission", faults.forbidden, 403, "Resource not accessible by integration", {}],
] as const)(
  "%s applies to one request, which is not performed",
  async ([, outcome, status, text, headers]) => {
    const { github, set, count } = await open();
    await github.fault(CREATES_STATUS, outcome);
    const refused = await set();
    expect(refused).toMatchObject({ status, text: expect.stringContaining(text) });
    expect(Object.fromEntries(refused.headers)).toMatchObject(headers);
    expect(refused.headers.get("x-github-request-id")).toBeTruthy();
    expect(await count()).toBe(0);
    expect((await set()).status).toBe(201);
    expect((await github.requests()).slice(1)).toMatchObject([{ status, faulted: true }, { status: 201 }]);
    expect((await github.requests()).at(-1)).not.toHaveProperty("faulted");
    expect(await github.violations()).toEqual([]);
  },
);

test("a secondary rate limit names the request, and may omit Retry-After", async () => {
  const { github, set } = await open();
  await github.fault({}, faults.secondaryRateLimit(null));
  const refused = await set();
  expect(refused.headers.has("retry-after")).toBe(false);
  expect(refused.text).toContain(`the request ID ${refused.headers.get("x-github-request-id")}.`);
});

test.for([
  ["a broken connection", faults.resets, 0],
  ["a lost answer", faults.lostAnswer, 1],
  ["no answer", faults.hangs, 0],
  ["no answer after the request was performed", { hang: true, after: true }, 1],
] as const)("%s leaves the client without an answer", async ([, outcome, performed]) => {
  const { github, set, count } = await open();
  await github.fault(CREATES_STATUS, outcome);
  await expect(set(AbortSignal.timeout(300))).rejects.toThrow();
  expect(await count()).toBe(performed);
  expect((await github.requests()).at(-1)).toMatchObject({ status: null, faulted: true });
});

test.for([
  ["is performed after the delay", faults.slow(400), 0],
  ["is performed before the delay", faults.lateAnswer(400), 1],
] as const)("a slow request %s", async ([, outcome, performed]) => {
  const { github, set, count } = await open();
  await github.fault(CREATES_STATUS, outcome);
  const started = Date.now();
  const answered = set();
  await expect.poll(async () => (await github.requests()).length).toBe(2);
  expect(await count()).toBe(performed);
  expect((await answered).status).toBe(201);
  expect(Date.now() - started).toBeGreaterThanOrEqual(395);
  expect(await count()).toBe(1);
});

test("an answer is replaced after the request was performed", async () => {
  const { github, set, count } = await open();
  await github.fault(CREATES_STATUS, { ...faults.badGateway, after: true });
  expect((await set()).status).toBe(502);
  expect(await count()).toBe(1);
});

test.for([
  ["for the given number of requests", 2, [500, 500, 201, 201]],
  ["until it is cleared", 0, [500, 500, 500, 201]],
] as const)("a fault lasts %s", async ([, times, expected]) => {
  const { github, set } = await open();
  await github.fault({}, faults.serverError, times);
  const statuses = [(await set()).status, (await set()).status, (await set()).status];
  await github.clearFaults();
  expect([...statuses, (await set()).status]).toEqual(expected);
});

test.for([
  ["the operation", { operation_id: "checks/create" }, false],
  ["the method", { method: "post" }, true],
  ["the path", { path: "^/repos/acme/widgets/statuses/[0-9a-f]+$" }, true],
  ["another path", { path: "/check-runs$" }, false],
  ["the installation", { installation_id: 1 }, true],
  ["another installation", { installation_id: 2 }, false],
] as const)("a fault is matched by %s", async ([, match, met]) => {
  const { github, set } = await open();
  await github.fault(match, faults.serverError);
  expect((await set()).status).toBe(met ? 500 : 201);
});

test("a request for a token is the installation's it is for", async () => {
  const { github } = await open();
  await github.fault({ installation_id: 2 }, faults.serverError, 0);
  await tokenOf(github, 1);
  await expect(tokenOf(github, 2)).rejects.toThrow();
});

test("what the double cannot read it refuses", async () => {
  const { github } = await open();
  await expect(github.fault({}, {})).rejects.toThrow("a fault has to change something");
  await expect(github.addDeliveries(99)).rejects.toThrow("there is no hook 99");
  await expect(openFor(server.url, { hooks: [{ kind: "org", id: 1 }] })).rejects.toThrow("needs an owner");
});
