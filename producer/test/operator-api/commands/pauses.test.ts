import { env } from "cloudflare:workers";
import { loadRepository } from "@webhook-gateway/shared/store/read/repositories.ts";
import { describe, expect, test } from "vitest";
import { ask as askRunPage, pathOf, textOf } from "../../run-page/support.ts";
import { NOW, SECRETS } from "../../support/app.ts";
import { empty } from "../../support/database.ts";
import { startApi } from "../support/api.ts";
import { freshRepository, insertName, insertValidation, minute } from "../support/insert.ts";

const AT = NOW;
let id = 1000;

/** A repository that is known, by its current name and one that it had before. */
async function known() {
  const [before, name] = [freshRepository(), freshRepository()];
  await insertName(before, ++id, minute(0));
  await insertName(name, id, minute(1));
  return { before, name, id };
}

describe("a pause", () => {
  test.each([
    ["until it is ended", {}, null],
    ["for a time", { for_seconds: 7200 }, minute(180)],
  ])("of a repository %s is listed, shown in the status, and recorded", async (_, given, until) => {
    await empty();
    const { before, name } = await known();
    const api = startApi();
    const item = { repository: name, paused_at: AT, until, actor: "operator:operator", reason: "upgrade" };
    expect(await api.post("/api/pauses", { repository: before, reason: "upgrade", ...given }, 200)).toEqual(
      item,
    );
    expect(await api.get("/api/pauses")).toEqual({ items: [item], next_cursor: null });
    expect(await api.get("/api/status")).toMatchObject({ pauses: [item] });
    expect(await api.get("/api/actions")).toMatchObject({
      items: [
        { action: "pause", actor: "operator:operator", target: name, reason: "upgrade", outcome: "done" },
      ],
    });
  });

  test("holds its repository, whatever name that is asked for, as that of all does", async () => {
    await empty();
    const [one, other] = [await known(), await known()];
    const api = startApi();
    await api.post("/api/pauses", { repository: one.name }, 200);
    expect(await loadRepository(env.DB, one.before, AT)).toMatchObject({
      ...{ name: one.name, pauses: [{ repository: one.name }], times: undefined },
    });
    expect(await loadRepository(env.DB, other.name, AT)).toMatchObject({ name: other.name, pauses: [] });
    await api.post("/api/pauses", {}, 200);
    expect(await loadRepository(env.DB, one.name, AT)).toMatchObject({
      pauses: [{ repository: null }, { repository: one.name }],
    });
    expect(await loadRepository(env.DB, "acme/never-heard-of", AT)).toBeUndefined();
  });

  test("is changed by another, ended once, and then what waited is dispatched at once", async () => {
    await empty();
    const { name } = await known();
    const api = startApi();
    await api.post("/api/pauses", { repository: name, for_seconds: 60 }, 200);
    await api.post("/api/pauses", { repository: name, reason: "longer" }, 200);
    expect(await api.get("/api/pauses")).toMatchObject({ items: [{ until: null, reason: "longer" }] });
    const ended = await api.post("/api/pauses/resume", { repository: name }, 200);
    expect(ended).toEqual({ success: true, message: `the pause of ${name} has ended`, repository: name });
    expect(api.sent).toMatchObject([{ kind: "request" }]);
    const again = await api.post("/api/pauses/resume", { repository: name }, 404);
    expect(again).toMatchObject({
      error: { code: "not_found", message: `dispatch of ${name} is not paused` },
    });
    expect(await api.get("/api/actions?action=resume")).toMatchObject({
      items: expect.arrayContaining([
        expect.objectContaining({ outcome: "done", target: name }),
        expect.objectContaining({ outcome: "unchanged", target: name }),
      ]),
    });
  });

  test("of all repositories is not that of one: ending it says what is still paused", async () => {
    await empty();
    const { name } = await known();
    const api = startApi();
    await api.post("/api/pauses", {}, 200);
    await api.post("/api/pauses", { repository: name }, 200);
    expect(await api.get("/api/pauses")).toMatchObject({
      items: [{ repository: null }, { repository: name }],
    });
    expect(await api.post("/api/pauses/resume", undefined, 200)).toMatchObject({
      ...{ message: `the pause of all repositories has ended; still paused: ${name}`, repository: null },
    });
    expect(await api.get("/api/pauses")).toMatchObject({ items: [{ repository: name }] });
  });

  test.each(["/api/pauses", "/api/pauses/resume"])(
    "of a repository that nobody knows is refused: %s",
    async (path) => {
      await empty();
      const api = startApi();
      expect(await api.post(path, { repository: "octo/nowhere" }, 404)).toMatchObject({
        error: { code: "not_found", message: "no repository of this name is known: octo/nowhere" },
      });
      expect(await api.get("/api/actions")).toMatchObject({
        items: [{ outcome: "refused", target: "octo/nowhere" }],
      });
    },
  );

  test.each([
    { for_seconds: 0 },
    { for_seconds: 1.5 },
    { repository: "nonsense" },
    { reason: "x".repeat(501) },
  ])("that makes no sense is refused: %o", async (body) => {
    await startApi().post("/api/pauses", body, 400);
  });
});

test("what is paused says so: to operators with who and why, on the run's page without", async () => {
  await empty();
  const { name, id: repository_id } = await known();
  const validation = await insertValidation({
    ...{ id: `${repository_id}-pr-12-${"c0ffee".padEnd(40, "0")}-1`, repository: name, repository_id },
  });
  const api = startApi();
  await api.post("/api/pauses", { repository: name, for_seconds: 3600, reason: "Ada's upgrade" }, 200);

  const { validations } = await api.get(`/api/trace?q=${validation}`);
  expect(JSON.stringify(validations)).toContain(
    `waiting: dispatch is paused by operator:operator since ${AT} until ${minute(120)}: Ada's upgrade`,
  );
  const page = await textOf(await askRunPage(await pathOf(validation)));
  expect(page).toContain("Now paused by an operator");
  expect(page).toContain("Until 2026-11-23 11:00:00 UTC (in 1h)");
  expect(page).not.toMatch(/operator:|Ada|upgrade|Ahead of it|Expected start/);
  const dashboard = await api.fetch(
    new Request("https://gateway.test/dashboard", {
      headers: { authorization: `Basic ${btoa(`x:${SECRETS.READER_TOKEN}`)}` },
    }),
  );
  expect(await textOf(dashboard)).toMatch(
    new RegExp(`Dispatch of ${name} is paused by operator:operator .*Ada's upgrade`),
  );
});
