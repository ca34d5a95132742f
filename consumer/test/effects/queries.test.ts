import { env } from "cloudflare:workers";
import { limitedDatabase, queriesLeft } from "@webhook-gateway/shared/store/limited-database.ts";
import { expect, test } from "vitest";
import { recordBatch } from "../../src/record/record.ts";
import { count } from "../support/database.ts";
import { note } from "../support/facts.ts";
import { POLICY, SILENT } from "../support/recording.ts";

const withQueries = (queries: number) => limitedDatabase(env.DB, (perform) => perform(), { left: queries });

test("each statement of a batch is a query, and what would be too much sends nothing", async () => {
  const db = withQueries(3);
  const select = () => db.prepare("SELECT ?1 AS n").bind(1);
  await db.batch([select(), select()]);
  expect(queriesLeft(db)).toBe(1);
  await expect(db.batch([select(), select()])).rejects.toThrow("limit of D1 queries is used up");
  expect(await select().first("n")).toBe(1);
  await expect(select().all()).rejects.toThrow("limit of D1 queries is used up");
  expect(queriesLeft(env.DB)).toBe(Number.POSITIVE_INFINITY);
});

test("a batch that has to be split leaves to the queue what its invocation has no queries for", async () => {
  const messages = [1, 2].map((n) => ({
    id: `m${n}`,
    body: note("ping"),
    attempts: 1,
    timestamp: new Date(),
  }));
  const deps = { db: withQueries(59), policy: POLICY, log: SILENT, now: () => new Date() };
  expect((await recordBatch(deps, messages)).verdicts).toEqual(["retry soon", "retry soon"]);
  expect(await count("SELECT count(*) FROM deliveries")).toBe(0);
});
