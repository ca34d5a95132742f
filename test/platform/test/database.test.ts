import { expect, test } from "vitest";
import type { ResultLike } from "../database.ts";
import { conditionsOf } from "../database-conditions.ts";
import { startInvocation } from "../invocation.ts";
import { ERRORS, LIMITS } from "../limits.ts";
import { doubleOf } from "./support.ts";

function limitedDouble(answer: (sql: string) => Promise<ResultLike> = async () => ({})) {
  const { db, asked } = doubleOf(answer);
  return { raw: db, db: startInvocation().database(db), asked };
}

test("the 1,001st query of an invocation fails, each statement of a batch being one", async () => {
  const { raw, db, asked } = limitedDouble();
  await db.batch(Array.from({ length: 999 }, () => db.prepare("SELECT 1")));
  await db.prepare("SELECT 2").run();
  await expect(db.prepare("SELECT 3").all()).rejects.toThrow(ERRORS.queries);
  expect(asked).toHaveLength(1000);
  await startInvocation().database(raw).prepare("SELECT 4").all();
  expect(asked).toHaveLength(1001);
});

test.each([
  ["101 parameters", "SELECT 1", Array.from({ length: 101 }, () => 1), ERRORS.boundParameters],
  ["100 KB of SQL", `SELECT '${"a".repeat(LIMITS.sqlBytes)}'`, [], ERRORS.sqlBytes],
  ["a value of 2 MB", "SELECT ?1", ["é".repeat(1_000_001)], ERRORS.valueBytes],
])("a statement with more than it may have is refused: %s", async (_, sql, values, error) => {
  const { db, asked } = limitedDouble();
  await expect(
    db
      .prepare(sql)
      .bind(...values)
      .all(),
  ).rejects.toThrow(error);
  await expect(db.batch([db.prepare("SELECT 1"), db.prepare(sql).bind(...values)])).rejects.toThrow(error);
  expect(asked).toEqual([]);
});

test("a row over 2 MB cannot be read", async () => {
  const { db } = limitedDouble(async () => ({
    results: [{ a: "x".repeat(1_500_000), b: "x".repeat(600_000) }],
  }));
  await expect(db.prepare("SELECT a, b").all()).rejects.toThrow(ERRORS.valueBytes);
});

test.each([
  ["rows", { rows_read: LIMITS.rowsRead + 1 }],
  ["time", { duration: LIMITS.statementMs + 1 }],
])("a statement that takes too much resets the database for everybody: %s", async (_, meta) => {
  const { promise: never } = Promise.withResolvers<ResultLike>();
  const { raw, db } = limitedDouble((sql) => (sql === "heavy" ? Promise.resolve({ meta }) : never));
  const others = startInvocation().database(raw);
  const [other, heavy] = [others.prepare("light").all(), db.prepare("heavy").all()];
  await Promise.all([
    expect(other).rejects.toThrow(ERRORS.reset),
    expect(heavy).rejects.toThrow(ERRORS.statement),
  ]);
});

test("a full database is read, and rows are deleted, but nothing is written", async () => {
  const { raw, db, asked } = limitedDouble(async () => ({ results: [{ n: 1 }], meta: { size_after: 500 } }));
  expect(await db.prepare("INSERT INTO t VALUES (1)").run()).toMatchObject({ results: [{ n: 1 }] });
  conditionsOf(raw).maxBytes = 500;
  for (const sql of [
    "INSERT INTO t VALUES (1)",
    "UPDATE t SET a = 1",
    "WITH x AS (SELECT 1) UPDATE t AS u SET a = 1",
  ]) {
    await expect(db.batch([db.prepare("SELECT 1"), db.prepare(sql)])).rejects.toThrow(ERRORS.full);
  }
  expect(await db.prepare("SELECT n FROM t").first("n")).toBe(1);
  await db.prepare("DELETE FROM t WHERE updated = 1").run();
  conditionsOf(raw).maxBytes = Number.POSITIVE_INFINITY;
  conditionsOf(raw).full = true;
  await expect(db.prepare("REPLACE INTO t VALUES (1)").run()).rejects.toThrow(ERRORS.full);
  expect(asked).toHaveLength(3);
});

test("nothing gets through to a database that is away", async () => {
  const { raw, db, asked } = limitedDouble();
  conditionsOf(raw).away = true;
  await expect(db.prepare("SELECT 1").all()).rejects.toThrow(ERRORS.away);
  conditionsOf(raw).away = false;
  await db.prepare("SELECT 1").all();
  expect(asked).toHaveLength(1);
});

test("what an invocation has used can be read", async () => {
  const { db } = doubleOf(async () => ({ meta: { rows_read: 3, rows_written: 2 } }));
  const invocation = startInvocation();
  const limited = invocation.database(db);
  await limited.batch([limited.prepare("SELECT 1"), limited.prepare("SELECT 2")]);
  expect(invocation.usage()).toMatchObject({ queries: 2, rowsRead: 6, rowsWritten: 4 });
});

test("what cannot be limited cannot be used", () => {
  const { db } = limitedDouble();
  expect(() => Reflect.get(db, "exec")).toThrow("not limited");
});
