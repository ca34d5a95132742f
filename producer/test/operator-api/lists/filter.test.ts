import { env } from "cloudflare:workers";
import { VALIDATION_STATES } from "@webhook-gateway/shared/domain/validation.ts";
import { describe, expect, test } from "vitest";
import { startApi } from "../support/api.ts";
import {
  freshRepository,
  insertDeadLetter,
  insertDelivery,
  insertValidation,
  minute,
} from "../support/insert.ts";

const query = (fields: Readonly<Record<string, string>>): string => new URLSearchParams(fields).toString();
const listed = async (name: string, fields: Readonly<Record<string, string>>): Promise<string[]> =>
  (await startApi().list(`/api/${name}?${query(fields)}`)).ids.toSorted();

describe("deliveries", () => {
  test("can be narrowed by each filter and by all together", async () => {
    const repo = freshRepository();
    const wanted = { repository: repo, event: "push", outcome: "stale", received_at: minute(5) };
    const id = await insertDelivery(wanted);
    await insertDelivery({ ...wanted, repository: freshRepository() });
    await insertDelivery({ ...wanted, event: "ping" });
    await insertDelivery({ ...wanted, outcome: "started" });
    await insertDelivery({ ...wanted, received_at: minute(4) });
    await insertDelivery({ ...wanted, received_at: minute(6) });
    const filters = { event: "push", state: "stale", since: minute(5), until: minute(6) };
    expect(await listed("deliveries", { repo, ...filters })).toEqual([id]);
    expect(await listed("deliveries", { repo })).toHaveLength(5);
    for (const [name, value] of Object.entries(filters)) {
      const fewer = await listed("deliveries", { repo, [name]: value });
      expect(fewer).toContain(id);
      expect(fewer).toHaveLength(4);
    }
  });

  test("of a repository are found under its name in any case", async () => {
    const repo = freshRepository();
    const id = await insertDelivery({ repository: repo });
    expect(await listed("deliveries", { repo: repo.toUpperCase() })).toEqual([id]);
  });

  test.each([
    ["a day", "2026-11-23", "2026-11-24"],
    ["another zone", "2026-11-23T11:00:00+02:00", "2026-11-23T11:01:00+02:00"],
    ["no seconds", "2026-11-23T09:00Z", "2026-11-23T09:01Z"],
    ["no zone", "2026-11-23T09:00:00", "2026-11-23T09:01:00"],
  ])("since and until may be %s", async (_, since, until) => {
    const repo = freshRepository();
    const id = await insertDelivery({ repository: repo, received_at: minute(0) });
    expect(await listed("deliveries", { repo, since, until })).toEqual([id]);
    expect(await listed("deliveries", { repo, since: until })).toEqual([]);
  });
});

describe("validations", () => {
  test("can be narrowed by each filter and by all together", async () => {
    const repo = freshRepository();
    const head_sha = "c0ffee".padEnd(40, "1");
    const wanted = {
      repository: repo,
      event: "push",
      state: "running",
      pr_number: 77,
      head_sha,
      created_at: minute(5),
    };
    const id = await insertValidation(wanted);
    await insertValidation({ ...wanted, repository: freshRepository() });
    await insertValidation({ ...wanted, event: "pull_request" });
    await insertValidation({ ...wanted, state: "queued" });
    await insertValidation({ ...wanted, pr_number: 78 });
    await insertValidation({ ...wanted, head_sha: "c0ffee".padEnd(40, "2") });
    await insertValidation({ ...wanted, created_at: minute(4) });
    await insertValidation({ ...wanted, created_at: minute(6) });
    const filters = {
      event: "push",
      state: "running,dead",
      pr: "77",
      sha: "c0ffee1",
      since: minute(5),
      until: minute(6),
    };
    expect(await listed("validations", { repo, ...filters })).toEqual([id]);
    expect(await listed("validations", { repo })).toHaveLength(7);
    for (const [name, value] of Object.entries(filters)) {
      const fewer = await listed("validations", { repo, [name]: value });
      expect(fewer).toContain(id);
      expect(fewer).toHaveLength(6);
    }
  });

  test("of several states are in one order, page by page", async () => {
    const repo = freshRepository();
    const ids: string[] = [];
    for (const [index, state] of [...VALIDATION_STATES, ...VALIDATION_STATES].entries()) {
      ids.unshift(await insertValidation({ repository: repo, state, created_at: minute(index) }));
    }
    const api = startApi();
    const state = VALIDATION_STATES.join(",");
    expect((await api.list(`/api/validations?${query({ repo, state })}`)).ids).toEqual(ids);
    const first = await api.list(`/api/validations?${query({ repo, state, limit: "7" })}`);
    const second = await api.list(
      `/api/validations?${query({ repo, state, limit: "200", cursor: first.cursor ?? "" })}`,
    );
    expect([...first.ids, ...second.ids]).toEqual(ids);
  });

  test.each(VALIDATION_STATES)("of the state %s are found by it, said once or twice", async (state) => {
    const repo = freshRepository();
    const id = await insertValidation({ repository: repo, state });
    await insertValidation({ repository: repo, state: state === "queued" ? "dead" : "queued" });
    expect(await listed("validations", { repo, state })).toEqual([id]);
    expect(await listed("validations", { repo, state: `${state},${state}` })).toEqual([id]);
  });
});

describe("dead letters", () => {
  test("are the open ones by default", async () => {
    const repo = freshRepository();
    const ids: Record<string, string> = {};
    for (const status of ["open", "replaying", "replayed", "discarded"]) {
      ids[status] = await insertDeadLetter({ repository: repo, status });
    }
    expect(await listed("dead-letters", { repo })).toEqual([ids.open]);
    for (const [state, id] of Object.entries(ids)) {
      expect(await listed("dead-letters", { repo, state })).toEqual([id]);
    }
    expect(await listed("dead-letters", { repo, state: "any" })).toEqual(Object.values(ids).toSorted());
  });

  test("can be narrowed by each filter and by all together", async () => {
    const repo = freshRepository();
    const body = JSON.stringify({ kind: "delivery", event: "push" });
    const wanted = { repository: repo, kind: "fact", class: "unrecorded", body, died_at: minute(5) };
    const id = await insertDeadLetter(wanted);
    await insertDeadLetter({ ...wanted, repository: freshRepository() });
    await insertDeadLetter({ ...wanted, class: "unreadable" });
    await insertDeadLetter({ ...wanted, body: JSON.stringify({ event: "ping" }) });
    await insertDeadLetter({ ...wanted, died_at: minute(4) });
    await insertDeadLetter({ ...wanted, died_at: minute(6) });
    const filters = { class: "unrecorded", event: "push", since: minute(5), until: minute(6) };
    expect(await listed("dead-letters", { repo, kind: "fact", ...filters })).toEqual([id]);
    for (const [name, value] of Object.entries(filters)) {
      expect(await listed("dead-letters", { repo, [name]: value })).toHaveLength(4);
    }
  });

  test("are found by the event of the delivery behind their validation", async () => {
    const repo = freshRepository();
    const delivery_id = await insertDelivery({ event: "merge_group" });
    const validation_id = await insertValidation({ delivery_id });
    const id = await insertDeadLetter({ repository: repo, validation_id });
    await insertDeadLetter({ repository: repo, kind: "fact", body: "not JSON, for it was cut: {" });
    await insertDeadLetter({ repository: repo, kind: "fact", body: null });
    expect(await listed("dead-letters", { repo, event: "merge_group" })).toEqual([id]);
    expect(await listed("dead-letters", { repo, event: "push" })).toEqual([]);
  });
});

describe("SQL in a filter finds nothing and harms nothing", () => {
  const SQL = ["' OR '1'='1", "'; DROP TABLE deliveries; --", "%", "\\", '"', "?1", "$1", "\u0000", "🐙"];
  const fields = [
    ["deliveries", "event"],
    ["deliveries", "state"],
    ["validations", "event"],
    ["dead-letters", "event"],
    ["dead-letters", "class"],
  ] as const;
  test.each(fields)("%s by %s", async (name, field) => {
    await Promise.all([insertDelivery(), insertValidation(), insertDeadLetter()]);
    for (const sql of SQL) expect(await listed(name, { [field]: sql })).toEqual([]);
    expect(await env.DB.prepare("SELECT count(*) AS n FROM deliveries").first<number>("n")).toBeGreaterThan(
      0,
    );
  });
});
