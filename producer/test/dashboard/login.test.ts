import { describe, expect, test } from "vitest";
import { ORIGIN, SECRETS } from "../support/app.ts";
import { type DashboardOptions, form, pageOf, startDashboard } from "./support/dashboard.ts";

const HTML = { accept: "text/html,application/xhtml+xml" } as const;

const login = (
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string | null>> = {},
) => form(Object.entries(fields), { authorization: null, ...HTML, ...headers });

/** A browser that keeps the cookie it is given. */
async function signedIn(token: string, options: DashboardOptions = {}) {
  const dashboard = startDashboard(options);
  const answer = await dashboard.fetch("/dashboard/login", login({ token }));
  const setCookie = answer.headers.get("set-cookie") ?? "";
  const cookie = setCookie.split(";")[0] ?? "";
  return { ...dashboard, answer, setCookie, cookie, headers: { ...HTML, cookie } };
}

describe("someone without credentials", () => {
  test("is led to the login form by a browser, and back to the page", async () => {
    const { fetch } = startDashboard();
    const response = await fetch("/dashboard/replays?limit=5", { headers: HTML });
    expect(response.status).toBe(303);
    expect(response.headers.get("location")).toBe("/dashboard/login?next=%2Fdashboard%2Freplays%3Flimit%3D5");
    const page = await pageOf(await fetch(response.headers.get("location") ?? "", { headers: HTML }));
    expect(page).toContain('type="password"');
    expect(page).toContain('value="/dashboard/replays?limit=5"');
  });

  test("is led there with a form that is sent too late, and with a password that is wrong", async () => {
    const { fetch, limitedKeys } = startDashboard();
    const late = await fetch("/dashboard/validations/x/cancel", login({}));
    expect([late.status, late.headers.get("location")]).toEqual([303, "/dashboard/login"]);
    const wrong = await fetch("/dashboard", {
      headers: { ...HTML, authorization: `Basic ${btoa("a:guess")}` },
    });
    expect([wrong.status, limitedKeys.length]).toEqual([303, 1]);
  });

  test("is asked with a challenge if it is a program", async () => {
    const response = await startDashboard().fetch("/dashboard", { headers: { accept: "*/*" } });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^Basic /);
  });

  test("gets to the page after a link on another site, for which a browser holds the cookie back", async () => {
    const { fetch, headers } = await signedIn(SECRETS.READER_TOKEN);
    const linked = { ...HTML, "sec-fetch-site": "cross-site" };
    const page = await pageOf(await fetch("/dashboard/replays", { headers: linked }));
    const [, onward = ""] = /<meta http-equiv="refresh" content="0; url=([^"]+)"/.exec(page) ?? [];
    expect(onward).toBe("/dashboard/login?next=%2Fdashboard%2Freplays");
    expect((await fetch(onward, { headers })).headers.get("location")).toBe("/dashboard/replays");
    expect(await pageOf(await fetch(onward, { headers: HTML }))).toContain('type="password"');
  });
});

describe("a login", () => {
  test.each([
    ["operator:operator", SECRETS.OPERATOR_TOKEN],
    ["reader:reader", ` ${SECRETS.READER_TOKEN}\n`],
    ["operator:alice", "token-of-alice"],
  ])("makes a session of %s", async (actor, token) => {
    const env = { OPERATOR_TOKENS: '{"alice":"token-of-alice"}' };
    const { fetch, headers, answer, setCookie, lines } = await signedIn(token, { env });
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/dashboard"]);
    expect(setCookie).toMatch(
      /^__Host-gateway-session=[^;]+; Max-Age=43200; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    const page = await pageOf(await fetch("/dashboard", { headers }));
    expect(page).toContain(`signed in as ${actor}`);
    expect(page).toContain("Sign out");
    expect(page + setCookie + lines.join()).not.toContain(token.trim());
  });

  test("works over plain HTTP, where a browser would drop a secure cookie", async () => {
    const { fetch } = startDashboard();
    const http = ORIGIN.replace("https:", "http:");
    const answer = await fetch("/dashboard/login", login({ token: SECRETS.READER_TOKEN }), http);
    const setCookie = answer.headers.get("set-cookie") ?? "";
    expect(setCookie).toMatch(
      /^gateway-session=[^;]+; Max-Age=43200; Path=\/dashboard; HttpOnly; SameSite=Strict$/,
    );
    const headers = { cookie: setCookie.split(";")[0] ?? "" };
    expect((await fetch("/dashboard", { headers }, http)).status).toBe(200);
  });

  test.each([
    ["/dashboard/replays?limit=5", "/dashboard/replays?limit=5"],
    ["https://evil.test/dashboard", "/dashboard"],
    ["//evil.test/dashboard", "/dashboard"],
    ["/\\evil.test", "/dashboard"],
    ["/dashboard/../api/status", "/dashboard"],
    ["/dashboard/logout", "/dashboard"],
    ["javascript:alert(1)", "/dashboard"],
    ["/dashboardx", "/dashboard"],
    ["", "/dashboard"],
  ])("leads to no page but the dashboard's: %j", async (next, location) => {
    const answer = await startDashboard().fetch(
      "/dashboard/login",
      login({ token: SECRETS.READER_TOKEN, next }),
    );
    expect(answer.headers.get("location")).toBe(location);
  });

  test("with a wrong token is refused without a browser's prompt, and limited", async () => {
    const { fetch, asked } = startDashboard({ limit: 1 });
    const guess = () => fetch("/dashboard/login", login({ token: "guess", next: "/dashboard/replays" }));
    const [wrong, limited] = [await guess(), await guess()];
    expect([wrong.status, limited.status]).toEqual([401, 429]);
    expect(wrong.headers.get("www-authenticate")).toBeNull();
    expect(limited.headers.get("retry-after")).toBe("60");
    const page = await wrong.text();
    expect(page).toContain("This token is not valid.");
    expect(page).toContain('value="/dashboard/replays"');
    expect(page).not.toContain("guess");
    expect(wrong.headers.get("set-cookie")).toBeNull();
    expect(asked).toEqual([]);
  });

  test.each(["login", "logout"])("from another site is refused: %s", async (path) => {
    const { fetch, headers } = await signedIn(SECRETS.OPERATOR_TOKEN);
    const foreign = { "sec-fetch-site": "cross-site", origin: "https://evil.test", cookie: headers.cookie };
    const response = await fetch(`/dashboard/${path}`, login({ token: SECRETS.OPERATOR_TOKEN }, foreign));
    expect(response.status).toBe(403);
    expect((await fetch("/dashboard", { headers })).status).toBe(200);
  });

  test("of a megabyte is not read", async () => {
    const response = await startDashboard().fetch(
      "/dashboard/login",
      login({ token: "x".repeat(1_000_000) }),
    );
    expect(response.status).toBe(413);
  });
});

describe("a session", () => {
  const shown = async (response: Response) => response.status === 200;

  test("commands as who has signed in, and only from the dashboard's pages", async () => {
    const { fetch, headers, asked } = await signedIn(SECRETS.OPERATOR_TOKEN);
    const cancel = (more: Readonly<Record<string, string>>) =>
      fetch("/dashboard/validations/x/cancel", login({}, { ...headers, ...more }));
    expect((await cancel({ "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await cancel({})).status).toBe(303);
    expect(asked).toEqual([["cancel", "x", "operator:operator"]]);
  });

  test("lasts 12 hours", async () => {
    let now = new Date("2026-11-23T10:00:00.000Z");
    const { fetch, headers } = await signedIn(SECRETS.READER_TOKEN, { now: () => now });
    now = new Date("2026-11-23T21:59:59.999Z");
    expect(await shown(await fetch("/dashboard", { headers }))).toBe(true);
    now = new Date("2026-11-23T22:00:00.000Z");
    expect(await shown(await fetch("/dashboard", { headers }))).toBe(false);
  });

  test("ends with a log-out, for a copy of its cookie too", async () => {
    const { fetch, headers, asked } = await signedIn(SECRETS.READER_TOKEN);
    const out = await fetch("/dashboard/logout", login({}, headers));
    expect([out.status, out.headers.get("location")]).toEqual([303, "/dashboard/login"]);
    expect(out.headers.get("set-cookie")).toMatch(/^__Host-gateway-session=; Max-Age=0; Path=\//);
    expect(asked).toEqual([["revokeSession", "request-1", "2026-11-23T22:00:00.000Z"]]);
    expect(await shown(await fetch("/dashboard", { headers }))).toBe(false);
  });

  test.each([
    ["whose token was replaced", { OPERATOR_TOKENS: '{"alice":"another"}' }],
    ["of somebody who left", {}],
    ["of somebody who may only read now", { READER_TOKENS: '{"alice":"token-of-alice"}' }],
  ])("%s is over", async (_, env) => {
    const { headers } = await signedIn("token-of-alice", {
      env: { OPERATOR_TOKENS: '{"alice":"token-of-alice"}' },
    });
    expect(await shown(await startDashboard({ env }).fetch("/dashboard", { headers }))).toBe(false);
  });

  test.each([
    ["of another person", (cookie: string) => cookie.replace("reader%3Areader", "operator%3Aoperator")],
    ["that lasts longer", (cookie: string) => cookie.replace(/~(\d)/, "~9$1")],
    ["without its signature", (cookie: string) => cookie.replace(/\.[^.]*$/, "")],
    ["of nobody", () => "__Host-gateway-session=x"],
    ["under the name that plain HTTP has", (cookie: string) => cookie.replace("__Host-", "")],
  ])("that was forged is none: %s", async (_, forge) => {
    const { fetch, cookie } = await signedIn(SECRETS.READER_TOKEN);
    const forged = forge(cookie);
    expect(forged).not.toBe(cookie);
    expect(await shown(await fetch("/dashboard", { headers: { ...HTML, cookie: forged } }))).toBe(false);
  });
});
