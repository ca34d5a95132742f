import { afterAll, beforeAll, expect, test } from "vitest";
import { generateAppKeys } from "../keys.ts";
import { assertAnswer } from "../openapi/checks.ts";
import { findOperation } from "../openapi/openapi.ts";
import { type GitHubServer, startGitHubServer } from "../server/server.ts";
import { type Answered, ask, claims, type Question, signJwt } from "./caller.ts";
import { APP_ID, appJwt, KEYS, openFor, PERSONAL, SHA, tokenOf, WIDGETS } from "./support.ts";

let server: GitHubServer;
beforeAll(async () => {
  server = await startGitHubServer();
});
afterAll(() => server.close());

const now = (): number => Math.floor(Date.now() / 1000);

const signed = (difference: Readonly<Record<string, number>>, key: string = KEYS.privateKeyPkcs1): string =>
  signJwt(key, { ...claims(APP_ID), ...difference });

test.for([
  ["PKCS#1", KEYS.privateKeyPkcs1, APP_ID],
  ["PKCS#8", KEYS.privateKeyPkcs8, APP_ID],
  ["PKCS#1, issued by the client id", KEYS.privateKeyPkcs1, "Iv23liDouble"],
] as const)("accepts a JWT of the App that is signed with a key in %s", async ([, key, iss]) => {
  const github = await openFor(server.url);
  const token = signJwt(key, claims(iss));

  const app = await ask(`GET ${github.url}/app`, { token });
  const installation = await ask(`GET ${github.url}${WIDGETS}/installation`, { token });
  const ofOrganization = await ask(`GET ${github.url}/orgs/ACME/installation`, { token });
  const ofUser = await ask(`GET ${github.url}/orgs/someone/installation`, { token });

  expect(app).toMatchObject({ status: 200, body: { id: APP_ID } });
  expect(installation).toMatchObject({ status: 200, body: { id: 1, account: { login: "acme" } } });
  expect(ofOrganization).toMatchObject({ status: 200, body: { id: 1 } });
  expect(ofUser.status).toBe(404);
  expect(await github.violations()).toEqual([]);
});

/** Refused JWTs, with the status and the message. */
const REFUSED: readonly [why: string, jwt: () => string, status: number, message: string][] = [
  ["of another key", () => signed({}, generateAppKeys().privateKeyPkcs1), 401, "could not be decoded"],
  [
    "of another algorithm",
    () => signJwt(KEYS.privateKeyPkcs1, claims(APP_ID), "none"),
    401,
    "could not be decoded",
  ],
  ["of another App", () => signed({ iss: 815 }), 404, "Integration not found"],
  ["that has expired", () => signed({ exp: now() - 1 }), 401, "'Expiration time' claim ('exp') must be"],
  ["of more than ten minutes", () => signed({ exp: now() + 660 }), 401, "is too far in the future"],
  ["from the future", () => signed({ iat: now() + 60 }), 401, "'Issued at' claim ('iat')"],
  ["that is a personal token", () => PERSONAL, 401, "could not be decoded"],
  ["that is unknown", () => "nobody", 401, "Bad credentials"],
];

test.for(REFUSED)("a JWT %s is refused", async ([, jwt, status, message]) => {
  const github = await openFor(server.url);
  const answered = await ask(`POST ${github.url}/app/installations/1/access_tokens`, { token: jwt() });
  expect(answered).toMatchObject({ status, body: { message: expect.stringContaining(message) } });
});

test("an installation's token gives access to its own repositories, until it expires or is revoked", async () => {
  const github = await openFor(server.url);
  const token = await tokenOf(github);
  const list = (where: string, question: Question): Promise<Answered> =>
    ask(`GET ${github.url}/repos/${where}/commits/${SHA}/check-runs`, question);

  expect((await list("acme/widgets", { token })).status).toBe(200);
  expect((await list("ACME/Widgets", { token })).status).toBe(200);
  expect((await list("someone/else", { token })).status).toBe(404);
  const narrow = await tokenOf(github, 1, { repositories: ["gears"], permissions: { checks: "read" } });
  expect((await list("acme/widgets", { token: narrow })).status).toBe(404);
  expect((await list("acme/gears", { token: narrow })).status).toBe(200);
  await github.revokeTokens({ token });
  expect(await list("acme/widgets", { token })).toMatchObject({
    status: 401,
    body: { message: "Bad credentials" },
  });
  expect((await list("acme/gears", { token: narrow })).status).toBe(200);
  const brief = await openFor(server.url, { token_lifetime_ms: -1 });
  const expired = await tokenOf(brief);
  expect((await ask(`GET ${brief.url}${WIDGETS}/commits/${SHA}/statuses`, { token: expired })).status).toBe(
    401,
  );
  expect((await brief.requests()).at(-1)?.auth).toEqual({ kind: "installation", installation_id: 1 });
});

test.for([
  ["a suspended installation", { suspended: true }, 403],
  ["no permission", { permissions: { checks: "write" } }, 422],
] as const)("%s gives no token", async ([, difference, status]) => {
  const installation = { id: 1, account: "acme", repositories: ["acme/widgets"], ...difference };
  const github = await openFor(server.url, { installations: [installation] });
  const body = { permissions: { statuses: "write" } };
  const url = `${github.url}/app/installations/1/access_tokens`;
  expect((await ask(`POST ${url}`, { token: appJwt(), body })).status).toBe(status);
});

const RUN = { name: "grainchain", head_sha: SHA };

test.for([
  ["a missing field", { body: { name: "grainchain" } }, 422, "body must have required property 'head_sha'"],
  ["a wrong enum", { body: { ...RUN, conclusion: "good" } }, 422, "body/conclusion must be equal to one of"],
  ["an unknown field", { body: { ...RUN, detail_url: "x" } }, 422, "additional properties 'detail_url'"],
  ["a wrong format", { body: { ...RUN, started_at: "now" } }, 422, "body/started_at must match format"],
  ["no body", {}, 422, "body is missing"],
  ["no User-Agent", { headers: { "user-agent": "" }, body: RUN }, 403, "no User-Agent"],
  ["another Accept", { headers: { accept: "*/*" }, body: RUN }, 201, "Accept is */*"],
  [
    "an unknown version",
    { headers: { "x-github-api-version": "2020-01-01" }, body: RUN },
    400,
    "is 2020-01-01",
  ],
] as const)(
  "%s is recorded as a violation, and answered as GitHub does",
  async ([, question, status, violation]) => {
    const github = await openFor(server.url);
    const token = await tokenOf(github);
    const answered = await ask(`POST ${github.url}${WIDGETS}/check-runs`, { token, ...question });
    expect(answered.status).toBe(status);
    const violations = await github.violations();
    expect(violations).toEqual([expect.stringContaining(violation)]);
    expect(violations[0]).toMatch(/^checks\/create: /);
  },
);

test.for([
  ["GET", "/repos/acme/widgets/nothing", 404, "no such operation"],
  ["DELETE", `${WIDGETS}/check-runs`, 404, "no such operation"],
  ["GET", `${WIDGETS}/commits/${SHA}/check-runs?per_page=101`, 200, "per_page is not from 1 to 100"],
  ["GET", `${WIDGETS}/commits/${SHA}/check-runs?perpage=5`, 422, "additional properties 'perpage'"],
  ["GET", `${WIDGETS}/commits/${SHA}/check-runs?filter=newest`, 422, "query/filter must be equal to one of"],
  ["GET", `${WIDGETS}/check-runs/first`, 422, "path/check_run_id must be integer"],
] as const)("%s %s is recorded as a violation", async ([method, path, status, violation]) => {
  const github = await openFor(server.url);
  const answered = await ask(`${method} ${github.url}${path}`, { token: await tokenOf(github) });
  expect(answered.status).toBe(status);
  expect(await github.violations()).toEqual([expect.stringContaining(violation)]);
});

test("a missing resource is answered in GitHub's words, and every answer has the budget", async () => {
  const github = await openFor(server.url, { rate_limit: 2 });
  const unknown = await ask(`GET ${github.url}/nowhere`, { token: PERSONAL });
  expect(unknown).toMatchObject({
    status: 404,
    body: { message: "Not Found", documentation_url: "https://docs.github.com/rest", status: "404" },
  });
  const statuses = `GET ${github.enterpriseUrl}${WIDGETS}/commits/${SHA}/statuses`;
  const [first, , third] = [
    await ask(statuses, { token: PERSONAL }),
    await ask(statuses, { token: PERSONAL }),
    await ask(statuses, { token: PERSONAL }),
  ];
  expect(first?.headers.get("x-ratelimit-remaining")).toBe("1");
  expect(first?.headers.get("x-github-request-id")).toMatch(/^[0-9A-F:]{20,}$/);
  expect(third).toMatchObject({ status: 403, body: { message: "API rate limit exceeded for user ID 1." } });
  const limits = await ask(`GET ${github.url}/rate_limit`, { token: PERSONAL });
  expect(limits.body).toMatchObject({ rate: { limit: 2, remaining: 0, used: 2 } });
});

test("an answer that the description does not allow is a failure of the double", async () => {
  const operation = findOperation("GET", "/app")?.operation;
  if (operation === undefined) throw new Error("GET /app is not described");
  expect(() => assertAnswer(operation, 200, { id: "one" })).toThrow("/id must be integer");
  expect(() => assertAnswer(operation, 201, {})).toThrow("never answers with 201");
  expect(() => assertAnswer(operation, 401, { message: "Bad credentials" })).not.toThrow();

  const github = await openFor(server.url);
  await expect(ask(`GET ${github.url}/user`, { token: PERSONAL })).rejects.toThrow();
  expect(await github.violations()).toEqual([expect.stringContaining("the double does not serve users/")]);
});

test("instances are isolated from each other", async () => {
  const [one, other] = [await openFor(server.url), await openFor(server.url)];
  const token = await tokenOf(one);
  const state = { state: "success" };
  expect((await ask(`POST ${one.url}${WIDGETS}/statuses/${SHA}`, { token, body: state })).status).toBe(201);
  expect((await ask(`POST ${other.url}${WIDGETS}/statuses/${SHA}`, { token, body: state })).status).toBe(401);
  expect((await one.state()).statuses).toHaveLength(1);
  expect((await other.state()).statuses).toEqual([]);
  expect(await one.requests()).toMatchObject([
    { operation_id: "apps/create-installation-access-token", auth: { kind: "app" }, status: 201, body: null },
    { method: "POST", path: `${WIDGETS}/statuses/${SHA}`, body: state, status: 201 },
  ]);
  await one.close();
  expect((await ask(`GET ${one.url}/rate_limit`)).status).toBe(404);
  await expect(one.requests()).rejects.toThrow("404");
});
