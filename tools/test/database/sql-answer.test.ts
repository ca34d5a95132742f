import { expect, test } from "vitest";
import { answerTables } from "../../database/sql-answer.ts";

const output = (...results: readonly object[][]) =>
  JSON.stringify(results.map((rows) => ({ results: rows, success: true, meta: { duration: 0 } })));

test("prints rows as a table, and nothing else", () => {
  const wide = "x".repeat(300);
  const rows = [
    { id: "a", n: 12, error: null },
    { id: "longer", n: 1.5, error: `two\nlines \u001b[31m${wide}` },
  ];
  expect(answerTables(output(rows))).toEqual([
    "id      n    error",
    "a       12   NULL",
    `longer  1.5  two lines ${wide}`,
  ]);
});

test("prints one table for each statement with rows, after whatever Wrangler warns of", () => {
  expect(answerTables(`a warning\n${output([{ a: 1 }], [], [{ b: 2 }])}`)).toEqual(["a", "1", "", "b", "2"]);
  expect(answerTables(output([]))).toEqual([]);
});

test("refuses what it does not know", () => {
  expect(() => answerTables("nonsense")).toThrow("unexpected output of wrangler d1 execute");
});
