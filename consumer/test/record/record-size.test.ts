import { env } from "cloudflare:workers";
import type { Fact } from "@webhook-gateway/shared/messages/fact.ts";
import { describe, expect, test } from "vitest";
import { recordBatch } from "../../src/record/record.ts";
import { count, countStatements } from "../support/database.ts";
import { callback, freshRepository, note, pullRequest, second, sha } from "../support/facts.ts";
import { message, outcomesOf, POLICY, record, SILENT } from "../support/recording.ts";

describe("the number of D1 statements", () => {
  async function statementsFor(facts: readonly Fact[]): Promise<number> {
    const { db, statements } = countStatements(env.DB);
    const { verdicts } = await record(facts, { db });
    expect(new Set(verdicts)).toEqual(new Set(["ack"]));
    return statements();
  }

  test("is the same for 1, 10 and 100 deliveries", async () => {
    const batch = (size: number) =>
      Array.from({ length: size }, () => pullRequest(freshRepository())("opened", "a", 1));
    const counts = [
      await statementsFor(batch(1)),
      await statementsFor(batch(10)),
      await statementsFor(batch(100)),
    ];
    expect(new Set(counts).size).toBe(1);
    expect(counts[0]).toBeLessThan(25);
  });

  test("is the same for 1, 10 and 100 callbacks", async () => {
    async function batch(size: number) {
      const repositories = Array.from({ length: size }, freshRepository);
      await record(repositories.map((repository) => pullRequest(repository)("opened", "a", 1)));
      return repositories.map((repository) =>
        callback(repository, `${repository.id}-pr-12-${sha("a")}-1`, "completed", {
          results: { success: true },
        }),
      );
    }
    const counts: number[] = [];
    for (const size of [1, 10, 100]) counts.push(await statementsFor(await batch(size)));
    expect(new Set(counts).size).toBe(1);
    expect(counts[0]).toBeLessThan(25);
  });

  test("is the same for 1 and 100 facts that were recorded before", async () => {
    const facts = Array.from({ length: 100 }, () => note("ping"));
    await record(facts);
    expect(await statementsFor(facts.slice(0, 1))).toBe(await statementsFor(facts));
  });
});

describe("the largest batch", () => {
  test("of callbacks with inline results is recorded in one transaction", async () => {
    const repositories = Array.from({ length: 100 }, freshRepository);
    await record(repositories.map((repository) => pullRequest(repository)("opened", "a", 1)));
    const results = { output: '"\\'.repeat(3_050) };
    expect(JSON.stringify(results).length).toBeGreaterThan(12_000);
    const facts = repositories.map((repository) =>
      callback(repository, `${repository.id}-pr-12-${sha("a")}-1`, "completed", { results }),
    );
    const { db, statements } = countStatements(env.DB);
    expect((await record(facts, { db })).verdicts).toEqual(Array(100).fill("ack"));
    expect(statements()).toBeLessThan(25);
    const ids = JSON.stringify(repositories.map(({ id }) => id));
    expect(
      await count(
        "SELECT count(*) FROM validations WHERE results = ?2 AND repository_id IN (SELECT value FROM json_each(?1))",
        ids,
        JSON.stringify(results),
      ),
    ).toBe(100);
  });

  test("of deliveries with the longest fields is recorded in one transaction", async () => {
    const facts = Array.from({ length: 100 }, () => {
      const repository = { ...freshRepository(), clone_url: `https://github.test/${"c".repeat(580)}` };
      return pullRequest(repository)("synchronize", "b", 1, {
        before: sha("a"),
        url: `https://github.test/${"u".repeat(580)}`,
        head_ref: "é".repeat(127),
      });
    });
    expect((await record(facts)).verdicts).toEqual(Array(100).fill("ack"));
    expect(new Set(await outcomesOf(facts))).toEqual(new Set(["started"]));
  });

  test("of unreadable messages is recorded", async () => {
    const messages = Array.from({ length: 100 }, () => message("語".repeat(20_000), 8));
    const deps = { db: env.DB, policy: POLICY, log: SILENT, now: () => new Date(second(3600)) };
    expect((await recordBatch(deps, messages)).verdicts).toEqual(Array(100).fill("ack"));
  });
});
