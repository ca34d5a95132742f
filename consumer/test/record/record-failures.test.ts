import { env } from "cloudflare:workers";
import { FACT_VERSION } from "@webhook-gateway/shared/messages/fact.ts";
import { describe, expect, test } from "vitest";
import { recordBatch } from "../../src/record/record.ts";
import { breakable, row, rows } from "../support/database.ts";
import { freshRepository, note, pullRequest, second, sha } from "../support/facts.ts";
import { message, outcomesOf, POLICY, record, recordUntilAcked, SILENT } from "../support/recording.ts";

describe("a message that is not a fact", () => {
  test.each([
    ["null", null],
    ["text", "nonsense"],
    ["of an unknown version", { v: 2, kind: "delivery", id: "x" }],
    ["a fact with a field of another type", { ...note("ping"), id: 7 }],
  ])("is retried for minutes, and then dies alone and is kept: %s", async (_name, body) => {
    const poison = message(body, 8);
    const good = note("ping");
    const deps = { db: env.DB, policy: POLICY, log: SILENT, now: () => new Date(second(3600)) };
    expect((await recordBatch(deps, [{ ...poison, attempts: 7 }])).verdicts).toEqual(["retry"]);
    expect(await recordBatch(deps, [poison, message(good)])).toEqual({
      verdicts: ["ack", "ack"],
      changed: false,
      requested: false,
    });
    expect(await row("SELECT * FROM dead_letters WHERE id = ?1", `fact-${poison.id}`)).toMatchObject({
      kind: "fact",
      class: "unreadable",
      attempts: 8,
      first_at: second(0),
      died_at: second(3600),
      body: JSON.stringify(body),
      status: "open",
    });
    expect(await outcomesOf([good])).toEqual(["recorded"]);
  });

  test.each([
    ["as large as a message can be", "x".repeat(127_998), `"${"x".repeat(127_998)}"`],
    ["larger, as it cannot be", `${"x".repeat(127_998)}🧪🧪`, `"${"x".repeat(127_998)}`],
    ["of no JSON form", 7n, null],
    ["undefined", undefined, null],
  ])("is kept as far as it can be: %s", async (_name, body, expected) => {
    const poison = message(body, 8);
    const deps = { db: env.DB, policy: POLICY, log: SILENT, now: () => new Date(second(3600)) };
    expect((await recordBatch(deps, [poison])).verdicts).toEqual(["ack"]);
    const { body: kept } = await row<{ body: string | null }>(
      "SELECT body FROM dead_letters WHERE id = ?1",
      `fact-${poison.id}`,
    );
    expect(kept).toBe(expected);
  });
});

describe("a batch that is too much for D1", () => {
  test.each([
    "D1 DB exceeded its memory limit and was reset.",
    "D1 DB exceeded its CPU time limit and was reset.",
  ])("is recorded in parts: %s", async (text) => {
    const facts = Array.from({ length: 8 }, () => note("ping"));
    let trips = 0;
    const db = breakable(env.DB, () => {
      trips++;
      return trips === 1 ? new Error(`D1_ERROR: ${text}`) : undefined;
    });
    const { verdicts } = await recordBatch(
      { db, policy: POLICY, log: SILENT, now: () => new Date(second(3600)) },
      facts.map((fact) => message(fact)),
    );
    expect(verdicts).toEqual(Array(8).fill("ack"));
    expect(await outcomesOf(facts)).toEqual(Array(8).fill("recorded"));
  });
});

describe("while D1 fails", () => {
  test.each([
    "D1_ERROR: Network connection lost.",
    "D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.",
    "D1 DB is overloaded. Requests queued for too long.",
    "Cannot resolve D1 DB due to transient issue on remote node.",
  ])("retries the whole batch at once: %s", async (text) => {
    const trips = { made: 0 };
    const db = breakable(env.DB, () => {
      trips.made++;
      return new Error(text);
    });
    const facts = [note("ping"), note("ping"), note("ping")];
    expect(await record(facts, { db })).toEqual({
      verdicts: ["retry", "retry", "retry"],
      changed: false,
      requested: false,
    });
    expect(trips.made).toBe(1);
  });

  test("writes nothing of a batch whose commit failed, and all of it later", async () => {
    const repository = freshRepository();
    const facts = [pullRequest(repository)("opened", "a", 1), note("ping", repository)];
    const trips = { made: 0 };
    const db = breakable(env.DB, () => {
      trips.made++;
      return trips.made === 2 ? new Error("D1_ERROR: Network connection lost.") : undefined;
    });
    expect((await record(facts, { db })).verdicts).toEqual(["retry", "retry"]);
    expect(await rows("SELECT id FROM deliveries WHERE repository_id = ?1", repository.id)).toEqual([]);
    await recordUntilAcked(facts, { db });
    expect(await rows("SELECT id FROM deliveries WHERE repository_id = ?1", repository.id)).toHaveLength(2);
  });
});

describe("a fact that cannot be recorded", () => {
  /** Its row breaks the schema: the subject that it is about cannot be read any more. */
  async function unrecordable() {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    await record([pr("opened", "a", 1)]);
    await env.DB.prepare("UPDATE subjects SET edges = 'no JSON' WHERE repository_id = ?1")
      .bind(repository.id)
      .run();
    return pr("synchronize", "b", 2, { before: sha("a") });
  }

  test("does not hold up its batch-mates", async () => {
    const bad = await unrecordable();
    const good = [note("ping"), pullRequest(freshRepository())("opened", "a", 1)];
    const { verdicts, changed } = await record([...good, bad]);
    expect(verdicts).toEqual(["ack", "ack", "retry"]);
    expect(changed).toBe(true);
    expect(await outcomesOf(good)).toEqual(["recorded", "started"]);
  });

  test("does not hide that an operator has asked for something", async () => {
    const request = {
      v: FACT_VERSION,
      kind: "request",
      id: crypto.randomUUID(),
      received_at: second(0),
    } as const;
    expect(await record([await unrecordable(), request])).toEqual({
      verdicts: ["retry", "ack"],
      changed: false,
      requested: true,
    });
  });

  test("is retried when it is alone", async () => {
    expect((await record([await unrecordable()])).verdicts).toEqual(["retry"]);
  });
});
