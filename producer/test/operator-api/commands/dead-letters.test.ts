import { env } from "cloudflare:workers";
import { parseFact } from "@webhook-gateway/shared/messages/fact.ts";
import { describe, expect, test } from "vitest";
import { refuseToSend } from "../../support/app.ts";
import { expectRefusal } from "../../support/errors.ts";
import { type Api, startApi } from "../support/api.ts";
import {
  freshRepository,
  insertDeadLetter,
  insertReplay,
  insertValidation,
  minute,
} from "../support/insert.ts";
import { readBy } from "../support/queries.ts";

const deadLetter = async (api: Api, id: string) => api.get(`/api/dead-letters/${encodeURIComponent(id)}`);

/** So many open dead letters of a repository that no other test has. */
async function deadLetters(count: number): Promise<{ readonly repo: string; readonly ids: string[] }> {
  const repo = freshRepository();
  const ids: string[] = [];
  for (let row = 0; row < count; row++) {
    ids.push(await insertDeadLetter({ repository: repo, died_at: minute(row) }));
  }
  return { repo, ids };
}

const ORDERS = [
  { action: "replay", path: "/api/replays", status: 202, taken: "replaying" },
  { action: "discard", path: "/api/dead-letters/discard", status: 200, taken: "discarded" },
] as const;

describe.each(ORDERS)("a $action", ({ action, path, status, taken }) => {
  test("takes the dead letters that it names, with who, when and why", async () => {
    const api = startApi();
    const { ids } = await deadLetters(3);
    const [first = "", second = "", other = ""] = ids;
    const scope = { ids: [first, second, second] };
    const response = await api.ask("POST", path, {
      body: { scope, reason: "Grainchain is fixed" },
    });
    expect(response.status).toBe(status);
    const command = await response.json<{ id: string }>();
    expect(command).toMatchObject({
      action,
      requested_by: "operator:operator",
      requested_at: "2026-11-23T10:00:00.000Z",
      reason: "Grainchain is fixed",
      scope: JSON.stringify(scope),
      total: 2,
      failed: 0,
      status: action === "replay" ? "running" : "done",
      replayed: action === "replay" ? 0 : 2,
    });
    expect(await api.get(`/api/replays/${command.id}`)).toEqual(command);
    expect((await api.list("/api/replays?limit=200")).ids).toContain(command.id);
    for (const id of [first, second]) {
      expect(await deadLetter(api, id)).toMatchObject({ status: taken, replay_id: command.id });
    }
    expect(await deadLetter(api, other)).toMatchObject({ status: "open", replay_id: null });
  });

  test("takes those that a filter finds", async () => {
    const api = startApi();
    const { repo, ids } = await deadLetters(3);
    const kept = await insertDeadLetter({ repository: repo, kind: "report" });
    const command = await api.post(
      path,
      { scope: { filter: { repo, kind: "dispatch", until: minute(2) } } },
      status,
    );
    expect(command).toMatchObject({ total: 2 });
    expect(await Promise.all([...ids, kept].map(async (id) => (await deadLetter(api, id)).status))).toEqual([
      taken,
      taken,
      "open",
      "open",
    ]);
  });

  test("takes none that is not open", async () => {
    const api = startApi();
    const repo = freshRepository();
    const closed = await Promise.all(
      ["replayed", "discarded"].map((state) => insertDeadLetter({ repository: repo, status: state })),
    );
    for (const scope of [{ ids: closed }, { filter: { repo } }]) {
      await expectRefusal(await api.ask("POST", path, { body: { scope } }), 404, "not_found");
    }
    expect(await deadLetter(api, closed[0] ?? "")).toMatchObject({ status: "replayed" });
  });

  test("of dead letters that are being replayed is refused with their names", async () => {
    const api = startApi();
    const { repo, ids } = await deadLetters(2);
    await api.post("/api/replays", { scope: { ids: ids.slice(0, 1) } });
    const response = await api.ask("POST", path, { body: { scope: { ids } } });
    const message = await expectRefusal(response, 409, "replay_under_way");
    expect(message).toContain(ids[0]);
    expect(await deadLetter(api, ids[1] ?? "")).toMatchObject({ status: "open" });
    // What a filter finds is what is open.
    expect(await api.post(path, { scope: { filter: { repo } } }, status)).toMatchObject({ total: 1 });
    await expectRefusal(
      await api.ask("POST", path, { body: { scope: { filter: { repo } } } }),
      404,
      "not_found",
    );
  });

  test("that is a dry run reports what it would touch, and touches nothing", async () => {
    const api = startApi();
    const { repo, ids } = await deadLetters(7);
    const preview = await api.post(path, { scope: { filter: { repo } }, dry_run: true }, 200);
    expect(preview).toMatchObject({ dry_run: true, total: 7 });
    const sample = Array.from(Object(preview.sample), (item) => Object(item).id);
    expect(sample).toEqual(ids.toReversed().slice(0, 5));
    expect(await deadLetter(api, ids[0] ?? "")).toMatchObject({ status: "open" });
    expect(api.sent).toEqual([]);
    const none = await api.post(path, { scope: { ids: ["nothing"] }, dry_run: true }, 200);
    expect(none).toEqual({ dry_run: true, total: 0, sample: [] });
  });

  test("of one that two ask for at once is one", async () => {
    const api = startApi();
    const { ids } = await deadLetters(4);
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => api.ask("POST", path, { body: { scope: { ids } } })),
    );
    const rows = await env.DB.prepare(
      `SELECT total, (SELECT count(*) FROM dead_letters l WHERE l.replay_id = r.id) AS own FROM replays r
       WHERE scope = ?1`,
    )
      .bind(JSON.stringify({ ids }))
      .all();
    expect(rows.results.filter(({ own }) => own === 4)).toHaveLength(1);
    for (const { total, own } of rows.results) expect(total).toBe(own);
    expect(answers.filter((answer) => answer.status === status).length).toBeGreaterThan(0);
  });

  test("needs the same statements for one dead letter as for many", async () => {
    const statements = async (count: number): Promise<number> => {
      const { ids } = await deadLetters(count);
      const queries = await readBy(env.DB, (db) => startApi({ db }).post(path, { scope: { ids } }, status));
      return queries.length;
    };
    expect(await statements(1)).toBe(await statements(50));
  });
});

describe("a replay", () => {
  test("tells the consumer of it", async () => {
    const api = startApi();
    const { ids } = await deadLetters(1);
    expect(await api.post("/api/replays", { scope: { ids } })).toMatchObject({ rate: 600 });
    expect(api.sent.map(parseFact)).toEqual([expect.objectContaining({ kind: "request" })]);
  });

  test("is stored in D1 if the queue takes nothing: the cron finds it", async () => {
    const api = startApi({ onSend: refuseToSend });
    const { ids } = await deadLetters(1);
    const command = await api.post("/api/replays", { scope: { ids }, rate: 1 });
    expect(await api.get(`/api/replays/${command.id}`)).toMatchObject({ status: "running", rate: 1 });
  });

  test("that is cancelled opens what it has not come to", async () => {
    const api = startApi();
    const { ids } = await deadLetters(3);
    const { id } = await api.post("/api/replays", { scope: { ids } });
    await env.DB.prepare("UPDATE dead_letters SET status = 'replayed' WHERE id = ?1").bind(ids[0]).run();
    const cancelled = await api.post(`/api/replays/${id}/cancel`, undefined, 200);
    expect(cancelled).toMatchObject({ id, status: "cancelled", total: 3, replayed: 1 });
    expect(await Promise.all(ids.map(async (one) => (await deadLetter(api, one)).status))).toEqual([
      "replayed",
      "open",
      "open",
    ]);
    expect(await api.post(`/api/replays/${id}/cancel`, undefined, 200)).toEqual(cancelled);
    // And is free for the next.
    expect(await api.post("/api/replays", { scope: { ids: ids.slice(1) } })).toMatchObject({ total: 2 });
  });

  test("that has ended stays as it is", async () => {
    const api = startApi();
    const id = await insertReplay({ status: "done", finished_at: minute(1) });
    const taken = await insertDeadLetter({ status: "replayed", replay_id: id });
    expect(await api.post(`/api/replays/${id}/cancel`, undefined, 200)).toMatchObject({ status: "done" });
    expect(await deadLetter(api, taken)).toMatchObject({ status: "replayed" });
  });
});

describe("a dead letter", () => {
  test("is returned with the fact that it holds", async () => {
    const body = JSON.stringify({ v: 1, kind: "note", text: "</script>" });
    const id = await insertDeadLetter({ kind: "fact", class: "unrecorded", body });
    expect(await deadLetter(startApi(), id)).toMatchObject({ id, body, outcome: null });
  });

  test("of hostile names is listed like any other", async () => {
    const repo = freshRepository();
    const text = `<img src=x onerror=alert(1)>"'\\\u0000\u202e😀 ${"x".repeat(2000)}`;
    const validation_id = await insertValidation({ ref: text, repository: repo, error: text });
    await insertDeadLetter({ repository: repo, error: text, class: text, validation_id });
    const api = startApi();
    expect(await api.get(`/api/dead-letters?repo=${repo}`)).toMatchObject({
      items: [{ error: text, class: text }],
    });
    expect(await api.get(`/api/validations?repo=${repo}`)).toMatchObject({
      items: [{ ref: text, error: text }],
    });
    expect(await api.get(`/api/trace?q=${encodeURIComponent(`${repo}#12`)}`)).toMatchObject({
      validations: [{ dead_letters: [{ error: text }] }],
    });
  });
});
