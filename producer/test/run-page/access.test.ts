import { env } from "cloudflare:workers";
import { capabilityToken } from "@webhook-gateway/shared/domain/capability.ts";
import { describe, expect, test } from "vitest";
import { insertValidation } from "../operator-api/support/insert.ts";
import { ORIGIN, SECRETS, startApp, untouchableDb } from "../support/app.ts";
import { ask, pathOf } from "./support.ts";

const SECRET = SECRETS.GRAINCHAIN_CALLBACK_SECRET;

describe("an address opens nothing, and D1 is not asked,", () => {
  test.each([
    [
      "with the token of the run's callbacks",
      async (id: string) => `${id}/${await capabilityToken(SECRET, id)}`,
    ],
    [
      "with the token of another run",
      async (id: string) => `${id}/${(await pathOf(`${id}2`)).split("/").at(-1)}`,
    ],
    [
      "with a token of another secret",
      async (id: string) => `${id}/${await capabilityToken("x", id, "run-page")}`,
    ],
    ["with a token that is cut", async (id: string) => (await pathOf(id)).slice("/runs/".length, -1)],
    ["with the operator's token", async (id: string) => `${id}/${SECRETS.OPERATOR_TOKEN}`],
    ["of a run that never was", async () => "1-pr-1-abc-1/x"],
  ])("%s", async (_, rest) => {
    const id = await insertValidation();
    const other = await ask("/runs/other/wrong", { db: untouchableDb });
    const response = await ask(`/runs/${await rest(id)}`, { db: untouchableDb });
    expect([response.status, await response.text()]).toEqual([404, await other.text()]);
  });
});

test("the address of a run's page does not authenticate callbacks", async () => {
  const id = await insertValidation();
  const token = (await pathOf(id)).split("/").at(-1);
  const body = JSON.stringify({ validation_id: id, project_id: "o/r", pr_number: 1, status: "completed" });
  const request = { method: "POST", body, headers: { "content-type": "application/json" } };
  expect((await ask(`/callbacks/${id}/${token}`, {}, request)).status).toBe(401);
});

test("an address stays valid while the secret is replaced", async () => {
  const path = await pathOf(await insertValidation());
  const rotated = { GRAINCHAIN_CALLBACK_SECRET: "new", GRAINCHAIN_CALLBACK_SECRET_PREVIOUS: SECRET };
  expect((await ask(path, { env: rotated })).status).toBe(200);
  expect((await ask(path, { env: { GRAINCHAIN_CALLBACK_SECRET: "new" } })).status).toBe(404);
});

test("guesses past the limit are refused before a token is compared, and no token is logged", async () => {
  const app = startApp({ db: untouchableDb, limit: 1 });
  const from = (path: string) =>
    app.fetch(new Request(ORIGIN + path, { headers: { "cf-connecting-ip": "192.0.2.1" } }));
  expect((await from("/runs/some-id/some-guess")).status).toBe(404);
  expect((await from("/runs/some-id/some-guess")).status).toBe(429);
  const right = await from(await pathOf("some-id"));
  expect([right.status, right.headers.get("retry-after")]).toEqual([429, "60"]);
  expect(app.refused).toEqual(["run", "run", "run"]);
  expect(app.lines.join("\n")).not.toMatch(/some-guess|some-id/);
});

test("a run that is gone is answered 410, and one of a database that is away 503", async () => {
  const path = await pathOf("1-pr-1-gone-1");
  const gone = await ask(path);
  expect(gone.status).toBe(410);
  expect(await gone.text()).toContain("This run is gone");
  const batch = async () => Promise.reject(new Error("D1_ERROR: Network connection lost"));
  const away = await ask(path, { db: { ...untouchableDb, prepare: env.DB.prepare.bind(env.DB), batch } });
  expect([away.status, away.headers.get("retry-after")]).toEqual([503, "10"]);
});

test("another method is refused", async () => {
  const response = await ask(await pathOf("some-id"), { db: untouchableDb }, { method: "DELETE" });
  expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
});

test("no answer is cached, indexed, or sends a referrer", async () => {
  const path = await pathOf(await insertValidation());
  for (const asked of [path, "/runs/x/y", "/runs/x", await pathOf("gone")]) {
    const { headers } = await ask(asked);
    expect(headers.get("cache-control")).toBe("private, no-store");
    expect(headers.get("x-robots-tag")).toBe("noindex");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self';/,
    );
    expect(headers.get("set-cookie")).toBeNull();
  }
});

test("its script and style are served beside it, without access to the dashboard", async () => {
  const page = await (await ask(await pathOf(await insertValidation()))).text();
  const named = [...page.matchAll(/(?:src|href)="(\/runs\/assets\/[^"]+)"/g)].map(([, path]) => path ?? "");
  expect(named.length).toBe(4);
  for (const path of named) expect((await ask(path)).status).toBe(200);
  expect(page).not.toContain("/dashboard");
});
