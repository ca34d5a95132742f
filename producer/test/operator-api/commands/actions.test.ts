import { env } from "cloudflare:workers";
import { insertRefusal, MAX_REFUSALS } from "@webhook-gateway/shared/store/operator-action.ts";
import { listActions } from "@webhook-gateway/shared/store/read/action-list.ts";
import { describe, expect, test } from "vitest";
import { ROUTES } from "../../../src/operator-api/routes.ts";
import { refuseToSend, startApp } from "../../support/app.ts";
import { startApi } from "../support/api.ts";
import { insertDeadLetter, insertValidation } from "../support/insert.ts";
import { readBy } from "../support/queries.ts";

/** An API with an operator and a reader of this test. */
function startNamed(options: Parameters<typeof startApi>[0] = {}) {
  const name = crypto.randomUUID();
  const [operator, reader] = [`o-${name}`, `r-${name}`];
  const api = startApi({
    ...options,
    env: {
      OPERATOR_TOKENS: JSON.stringify({ [name]: operator }),
      READER_TOKENS: JSON.stringify({ [name]: reader }),
    },
  });
  const actions = async (role: string) => {
    const { items } = await api.get(`/api/actions?actor=${role}:${name}&limit=200`);
    return items as Record<string, unknown>[];
  };
  return { api, operator, reader, actions };
}

describe("an action is recorded", () => {
  test.each([
    ["a replay", "/api/replays", 202, "replay"],
    ["a discard", "/api/dead-letters/discard", 200, "discard"],
  ])("with who, when, why and the outcome: %s", async (_, path, status, action) => {
    const { api, operator, actions } = startNamed();
    const id = await insertDeadLetter();
    const body = { scope: { ids: [id] }, reason: "Grainchain is fixed" };
    const response = await api.ask("POST", path, { token: operator, body });
    expect(response.status).toBe(status);
    const replay = await response.json<{ id: string }>();
    const [first, ...others] = await actions("operator");
    expect(first).toMatchObject({
      ...{ id: replay.id, at: "2026-11-23T10:00:00.000Z", action, target: replay.id },
      ...{ reason: "Grainchain is fixed", outcome: "done" },
    });
    expect(others).toEqual([]);
    for (const outcome of action === "replay" ? ["done", "unchanged"] : ["unchanged"]) {
      await api.ask("POST", `/api/replays/${replay.id}/cancel`, { token: operator });
      const row = { action: "cancel-replay", target: replay.id, outcome };
      expect(await actions("operator")).toContainEqual(expect.objectContaining(row));
    }
  });

  test("for a search for missing deliveries", async () => {
    const { api, operator, actions } = startNamed();
    const response = await api.ask("POST", "/api/reconciles", { token: operator, body: { dry_run: true } });
    const { id } = await response.json<{ id: string }>();
    expect(await actions("operator")).toMatchObject([
      { action: "reconcile", target: id, reason: "dry run", outcome: "done" },
    ]);
  });

  test("by the consumer if its outcome is not known yet: the fact names who asks", async () => {
    const { api, operator, actions } = startNamed();
    const id = await insertValidation();
    await api.ask("POST", `/api/validations/${id}/rerun`, { token: operator });
    expect(await actions("operator")).toEqual([]);
    expect(api.sent).toMatchObject([{ kind: "order", actor: expect.stringMatching(/^operator:.{36}$/) }]);
  });

  test.each([
    ["that has ended", "completed", {}, "unchanged", "the validation has already ended: completed"],
    [
      "that the queue does not take",
      "running",
      { onSend: refuseToSend },
      "refused",
      "the command could not be queued",
    ],
  ] as const)("for a cancel %s", async (_, state, options, outcome, reason) => {
    const { api, operator, actions } = startNamed(options);
    const target = await insertValidation({ state });
    await api.ask("POST", `/api/validations/${target}/cancel`, { token: operator });
    expect(await actions("operator")).toMatchObject([{ action: "cancel", target, outcome, reason }]);
  });

  test.each([
    ["/api/validations/nothing/cancel", {}, "cancel", "nothing"],
    ["/api/validations/nothing/rerun", {}, "rerun", "nothing"],
    ["/api/replays/nothing/cancel", {}, "cancel-replay", "nothing"],
    ["/api/replays", { scope: { ids: ["nothing"] } }, "replay", null],
    ["/api/dead-letters/discard", { scope: { ids: ["nothing"] } }, "discard", null],
  ])("as refused if there is nothing to do it to: %s", async (path, body, action, target) => {
    const { api, operator, actions } = startNamed();
    expect((await api.ask("POST", path, { token: operator, body })).status).toBe(404);
    expect(await actions("operator")).toMatchObject([{ action, target, outcome: "refused" }]);
  });
});

describe("what a reader asks for is refused", () => {
  test.each(ROUTES.filter(({ method }) => method === "POST"))(
    "and recorded: $path",
    async ({ path, action }) => {
      const { api, reader, actions } = startNamed();
      const response = await api.ask("POST", `/api${path.replace("{id}", "some-id")}`, {
        token: reader,
        body: {},
      });
      expect(response.status).toBe(403);
      expect(await actions("reader")).toMatchObject([
        {
          action,
          target: path.includes("{id}") ? "some-id" : null,
          reason: "a reader may only read",
          outcome: "refused",
        },
      ]);
    },
  );

  test("even if D1 does not take the row", async () => {
    const app = startApp({ env: { READER_TOKENS: '{"bob":"token-of-bob"}' } });
    const headers = { authorization: "Bearer token-of-bob" };
    const response = await app.fetch(
      new Request("https://gateway.test/api/replays", { method: "POST", headers }),
    );
    expect(response.status).toBe(403);
    expect(app.lines.join()).toContain("action.not-recorded");
  });

  test("and kept only so often a day", async () => {
    const { reader, api, actions } = startNamed();
    const ask = () => api.ask("POST", "/api/validations/some-id/cancel", { token: reader });
    await ask();
    const [first] = await actions("reader");
    const refused = {
      ...{ at: String(first?.at), actor: String(first?.actor), action: "cancel" as const },
      target: null,
      reason: null,
    };
    for (let n = 1; n < MAX_REFUSALS; n++)
      await insertRefusal(env.DB, { ...refused, id: crypto.randomUUID() });
    expect(await actions("reader")).toHaveLength(MAX_REFUSALS);
    expect((await ask()).status).toBe(403);
    expect(await actions("reader")).toHaveLength(MAX_REFUSALS);
    await insertRefusal(env.DB, { ...refused, id: crypto.randomUUID(), at: "2026-11-24T10:00:00.001Z" });
    const row = await env.DB.prepare("SELECT count(*) AS n FROM operator_actions WHERE actor = ?1")
      .bind(refused.actor)
      .first();
    expect(row).toEqual({ n: MAX_REFUSALS + 1 });
  });
});

test.each([
  ["UPDATE operator_actions SET actor = 'operator:eve' WHERE id = ?1"],
  ["DELETE FROM operator_actions WHERE id = ?1"],
])("a recorded action stays as it is: %s", async (sql) => {
  const id = crypto.randomUUID();
  const at = new Date().toISOString();
  await insertRefusal(env.DB, {
    id,
    at,
    actor: `operator:${id}`,
    action: "cancel",
    target: null,
    reason: null,
  });
  await expect(env.DB.prepare(sql).bind(id).run()).rejects.toThrow("operator_actions is append-only");
});

test("a page of the list reads no more than itself, whatever it is narrowed to", async () => {
  const insert = `
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO operator_actions (id, at, actor, action, outcome)
    SELECT 'old-' || i, '2020-01-01T00:00:00.' || (1000 + i % 1000) || 'Z', 'operator:' || (i % 2), 'cancel',
           CASE i % 3 WHEN 0 THEN 'done' ELSE 'refused' END FROM n`;
  await env.DB.prepare(insert).run();
  const actor = "operator:1";
  for (const query of [
    {},
    { actor },
    { action: "cancel" },
    { outcome: "refused" },
    { actor, action: "cancel" },
  ] as const) {
    const queries = await readBy(env.DB, (db) => listActions(db, { ...query, limit: "10" }));
    expect(
      queries.map(({ rowsRead }) => rowsRead < 50),
      JSON.stringify(query),
    ).toEqual([true]);
  }
  await env.DB.prepare("DELETE FROM operator_actions WHERE id LIKE 'old-%'").run();
});
