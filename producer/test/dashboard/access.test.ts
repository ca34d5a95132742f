import { describe, expect, test } from "vitest";
import { SECRETS } from "../support/app.ts";
import { asOperator, asReader, basic, FORMS, form, PAGES, startDashboard } from "./support/dashboard.ts";

const CHALLENGE = 'Basic realm="webhook-gateway", charset="UTF-8"';

describe.each(PAGES)("%s", (path) => {
  test.each([
    ["no credentials", undefined],
    ["a wrong password", basic("guess")],
    ["the token for a user name", basic("", SECRETS.OPERATOR_TOKEN)],
    ["a bearer token", `Bearer ${SECRETS.OPERATOR_TOKEN}`],
    ["credentials that are not base64", "Basic ???"],
  ])("asks for the password on %s", async (_, authorization) => {
    const { fetch, asked } = startDashboard();
    const response = await fetch(path, authorization === undefined ? {} : { headers: { authorization } });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe(CHALLENGE);
    expect(asked).toEqual([]);
  });

  test.each([
    ["an operator", asOperator],
    ["a reader", asReader],
    ["any user name", { headers: { authorization: basic(SECRETS.READER_TOKEN, "Zoë 漢") } }],
  ])("is shown to %s", async (_, init) => {
    const response = await startDashboard().fetch(path, init);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("text/html");
  });

  test("is shown to a reader without a button that acts", async () => {
    const { fetch } = startDashboard();
    const page = await (await fetch(path, asReader)).text();
    expect(page).not.toContain('method="post"');
    expect(page).not.toContain('type="checkbox"');
  });
});

test("limits wrong passwords by address, and never the right one", async () => {
  const { fetch, limitedKeys } = startDashboard({ limit: 2 });
  const guess = { headers: { authorization: basic("guess"), "cf-connecting-ip": "192.0.2.1" } };
  const seen = [
    await fetch("/dashboard", guess),
    await fetch("/dashboard", guess),
    await fetch("/dashboard", guess),
  ];
  expect(seen.map(({ status }) => status)).toEqual([401, 401, 429]);
  expect(seen[2]?.headers.get("www-authenticate")).toBeNull();
  expect(Number(seen[2]?.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await fetch("/dashboard", asOperator)).status).toBe(200);
  expect(limitedKeys).toEqual(["token 192.0.2.1", "token 192.0.2.1", "token 192.0.2.1"]);
});

test("does not count a browser's first request, which has no password yet", async () => {
  const { fetch, limitedKeys } = startDashboard({ limit: 0 });
  expect((await fetch("/dashboard")).status).toBe(401);
  expect(limitedKeys).toEqual([]);
});

test.each(FORMS)("refuses a reader's form to %s", async (path, fields) => {
  const { fetch, asked } = startDashboard();
  const response = await fetch(path, form(fields, { authorization: basic(SECRETS.READER_TOKEN) }));
  expect(response.status).toBe(403);
  const { pathname } = new URL(path, "https://gateway.test");
  const [, kind, verb] = /([a-z-]+)(?:\/some-id)?\/(\w+)$/.exec(pathname) ?? [];
  const refusal = {
    actor: "reader:reader",
    action: kind === "replays" ? "cancel-replay" : verb,
    target: /some-id|acme\/widgets/.exec(path)?.[0] ?? null,
    reason: "Readers cannot change anything.",
  };
  // Asking for a confirmation changes nothing.
  expect(asked).toEqual(verb === "confirm" ? [] : [["recordRefusal", refusal]]);
});

test.each(FORMS)("asks for the password before it takes a form to %s", async (path, fields) => {
  const { fetch, asked } = startDashboard();
  expect((await fetch(path, form(fields, { authorization: null }))).status).toBe(401);
  expect(asked).toEqual([]);
});

test.each([
  ["the operator's token", SECRETS.OPERATOR_TOKEN, "operator:operator"],
  ["a token with a name", "token-of-alice", "operator:alice"],
])("names the one who has %s, whatever user name was typed", async (_, token, actor) => {
  const { fetch, asked, lines } = startDashboard({ env: { OPERATOR_TOKENS: '{"alice":"token-of-alice"}' } });
  const authorization = basic(token, `x${token}`);
  const fields = [
    ["scope", '{"all":true}'],
    ["rate", "60"],
  ] as const;
  await fetch("/dashboard/dead-letters/replay", form(fields, { authorization }));
  expect(asked).toMatchObject([["replay", { scope: { all: true } }, actor]]);
  expect(lines.join()).not.toContain(token);
});
