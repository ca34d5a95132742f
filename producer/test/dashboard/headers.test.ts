import { describe, expect, test } from "vitest";
import { ASSET_VERSION, assetPath } from "../../src/dashboard/assets.ts";
import { SECRETS } from "../support/app.ts";
import { asOperator, FORMS, form, PAGES, startDashboard } from "./support/dashboard.ts";

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const ASSETS = [
  "app.js",
  "idiomorph.js",
  "plots.js",
  "uplot.js",
  "uplot.css",
  "style.css",
  "icon.svg",
] as const;

function expectSecure(response: Response): void {
  const { headers } = response;
  expect(headers.get("content-security-policy")).toBe(POLICY);
  expect(headers.get("x-frame-options")).toBe("DENY");
  expect(headers.get("referrer-policy")).toBe("no-referrer");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("set-cookie")).toBeNull();
}

const UNKNOWN = [
  "/dashboard/nothing",
  "/dashboard/pulls/acme/widgets/nan",
  `/dashboard/assets/${ASSET_VERSION}/x`,
];

describe("a page", () => {
  test.each([...PAGES, ...UNKNOWN])("at %s can be neither cached nor framed", async (path) => {
    const response = await startDashboard().fetch(path, asOperator);
    expectSecure(response);
    expect(response.headers.get("cache-control")).toBe("private, no-store");
  });

  test.each(PAGES)("at %s cannot be without a login either", async (path) => {
    const response = await startDashboard().fetch(path);
    expectSecure(response);
    expect(response.headers.get("cache-control")).toBe("private, no-store");
  });

  test.each(FORMS)("that answers a form to %s cannot be either", async (path, fields) => {
    const response = await startDashboard().fetch(path, form(fields));
    expectSecure(response);
    expect(response.headers.get("cache-control")).toBe("private, no-store");
  });

  test.each(PAGES)("at %s has no script and no style in it, and no secret", async (path) => {
    const page = await (await startDashboard().fetch(path, asOperator)).text();
    expect(page).toMatch(/^<!doctype html><html lang="en">/);
    for (const [, attributes = "", content] of page.matchAll(/<script([^>]*)>(.*?)<\/script>/gs)) {
      expect(attributes).toContain('src="/dashboard/assets/');
      expect(content).toBe("");
    }
    expect(page).not.toMatch(/<style|\sstyle=|\son[a-z]+=/);
    for (const secret of Object.values(SECRETS)) expect(page).not.toContain(secret);
  });
});

describe("an asset", () => {
  test.each(ASSETS)("%s is public and kept for a year under its version", async (name) => {
    const response = await startDashboard().fetch(assetPath(name));
    expect(response.status).toBe(200);
    expectSecure(response);
    expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    const type = response.headers.get("content-type");
    expect(type).toContain({ js: "javascript", css: "css", svg: "svg" }[name.split(".")[1] ?? ""]);
    expect((await response.text()).length).toBeGreaterThan(100);
  });

  test.each(ASSETS)("%s is not sent again to who has it", async (name) => {
    const { fetch } = startDashboard();
    const etag = (await fetch(assetPath(name))).headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[^"]+"$/);
    for (const given of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const response = await fetch(assetPath(name), { headers: { "if-none-match": given } });
      expect([given, response.status, await response.text()]).toEqual([given, 304, ""]);
      expectSecure(response);
      expect(response.headers.get("etag")).toBe(etag);
      expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    }
    expect((await fetch(assetPath(name), { headers: { "if-none-match": '"other"' } })).status).toBe(200);
    const old = "/dashboard/assets/0123456789abcdef/app.js";
    expect((await fetch(old, { headers: { "if-none-match": "*" } })).status).toBe(404);
  });

  test("of another version is not there", async () => {
    const response = await startDashboard().fetch("/dashboard/assets/0123456789abcdef/app.js");
    expect(response.status).toBe(404);
    expect(response.headers.get("cache-control")).toBe("private, no-store");
  });

  test("that a page names is there", async () => {
    const { fetch } = startDashboard();
    const page = await (await fetch("/dashboard", asOperator)).text();
    const named = [...page.matchAll(/(?:src|href)="(\/dashboard\/assets\/[^"]+)"/g)].map(
      ([, path]) => path ?? "",
    );
    expect(named.length).toBeGreaterThanOrEqual(5);
    for (const path of named) expect((await fetch(path)).status).toBe(200);
  });
});

test("another method is refused with those that are taken", async () => {
  const { fetch } = startDashboard();
  const posted = await fetch("/dashboard/validations", form([]));
  expect(posted.status).toBe(405);
  expect(posted.headers.get("allow")).toBe("GET, HEAD");
  const got = await fetch("/dashboard/dead-letters/some-id/", { ...asOperator, method: "DELETE" });
  expect(got.status).toBe(405);
  const put = await fetch("/dashboard/validations/some-id/rerun", asOperator);
  expect(put.status).toBe(405);
  expect(put.headers.get("allow")).toBe("POST");
});

test("HEAD is answered like GET, without the page", async () => {
  const response = await startDashboard().fetch("/dashboard", { ...asOperator, method: "HEAD" });
  expect(response.status).toBe(200);
  expect(await response.text()).toBe("");
});
