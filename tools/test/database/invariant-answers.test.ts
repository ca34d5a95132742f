import { describe, expect, test } from "vitest";
import { brokenRows } from "../../database/invariant-answers.ts";

const CHECKS = [
  { number: 1, rule: "all is recorded", sql: "SELECT 1" },
  { number: 2, rule: "all is due", sql: "SELECT 2" },
];
const answer = (...results: object[]) => ({ results, success: true, meta: {} });

test("names the rows of each rule that is broken", () => {
  const output = `a warning\n${JSON.stringify([answer(), answer({ id: 7, problem: "not due" })])}`;

  expect(brokenRows(CHECKS, output)).toEqual([
    { number: 2, rule: "all is due", id: "7", problem: "not due" },
  ]);
  expect(brokenRows(CHECKS, JSON.stringify([answer(), answer()]))).toEqual([]);
});

describe("a rule without a result does not count as kept:", () => {
  test.each([
    ["fewer answers than rules", JSON.stringify([answer()])],
    ["more answers than rules", JSON.stringify([answer(), answer(), answer()])],
    ["an answer without rows", JSON.stringify([answer(), { success: true }])],
    ["an answer that failed", JSON.stringify([answer(), { ...answer(), success: false }])],
    ["rows of another shape", JSON.stringify([answer(), answer({ count: 0 })])],
    ["no JSON", "all is well"],
    ["nothing", ""],
  ])("%s", (_, output) => {
    expect(() => brokenRows(CHECKS, output)).toThrow("unexpected output of wrangler d1 execute");
  });
});
