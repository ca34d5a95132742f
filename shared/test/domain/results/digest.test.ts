import { expect, test } from "vitest";
import { amount } from "../../../../test/support/amount.ts";
import { anyText } from "../../../../test/support/any-text.ts";
import fc from "../../../../test/support/fast-check.ts";
import { digestResults, MAX_DIGEST_BYTES } from "../../../src/domain/results/digest.ts";
import { byteLength } from "../../../src/text/text.ts";

const KEY = "results/1-pr-12-a-1/c.json";
const bytesOf = (value: unknown): number => byteLength(JSON.stringify(value));
const step = (status: string, output: string, more: object = {}) => ({
  status,
  exit_code: status === "passed" ? 0 : 2,
  duration_ms: 1200,
  output,
  ...more,
});
const lines = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i}\n`).join("");

test("has what is said of the whole and of each step, and no output of what passed", () => {
  const results = {
    success: true,
    tree_sha: "t".repeat(40),
    test_results: { overall_success: true, execution_time: 3.5, lint: step("passed", lines(5000)) },
  };
  expect(digestResults(results, KEY)).toEqual({
    success: true,
    tree_sha: "t".repeat(40),
    test_results: {
      overall_success: true,
      execution_time: 3.5,
      lint: { status: "passed", exit_code: 0, duration_ms: 1200 },
    },
    archived: KEY,
  });
});

test("has the places and the end of the output of what failed", () => {
  const annotations = Array.from({ length: 50 }, (_, line) => ({ path: "a.ts", line, message: "no" }));
  const results = {
    success: false,
    test_results: {
      lint: step("passed", lines(5000)),
      test: step("failed", lines(5000), { annotations, file: "a.ts" }),
      build: step("timed_out", "all of it\n"),
    },
  };
  const digest = Object(digestResults(results, KEY));
  const { lint, test: failed, build } = digest.test_results;
  expect(lint).not.toHaveProperty("output");
  expect(failed.file).toBe("a.ts");
  expect(failed.annotations.length).toBeGreaterThan(10);
  expect(lines(5000).endsWith(failed.output)).toBe(true);
  expect(failed.output.length).toBeGreaterThan(2000);
  expect([failed.output_cut, build]).toEqual([true, step("timed_out", "all of it\n")]);
});

test("leaves out steps that passed before any that failed, and keeps the order", () => {
  const steps = Array.from({ length: 300 }, (_, i) => [
    `s${i}`,
    step(i === 250 ? "failed" : "passed", lines(50)),
  ]);
  const digest = Object(digestResults({ test_results: Object.fromEntries(steps) }, KEY));
  const names = Object.keys(digest.test_results);
  expect(names.at(-1)).toBe("s250");
  expect(digest.test_results.s250.output).toBe(lines(50));
  expect(bytesOf(digest)).toBeLessThanOrEqual(MAX_DIGEST_BYTES);
});

test("names its own object, whatever the results name", () => {
  expect(digestResults({ archived: "results/of-somebody/else.json" }, KEY)).toEqual({ archived: KEY });
});

test("is never larger than it may be", () => {
  const texts = fc.oneof(anyText(), fc.constantFrom("\u001b".repeat(3000), "漢".repeat(5000), lines(3000)));
  const steps = fc.dictionary(
    texts,
    fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.record({
        status: fc.constantFrom("passed", "failed", "?"),
        output: texts,
        annotations: fc.array(fc.jsonValue()),
      }),
    ),
    { maxKeys: 80 },
  );
  fc.assert(
    fc.property(fc.dictionary(texts, fc.jsonValue()), steps, (more, test_results) => {
      const digest = { ...digestResults({ ...more, test_results }, KEY), truncated: true };
      expect(bytesOf(digest)).toBeLessThanOrEqual(MAX_DIGEST_BYTES);
    }),
    { numRuns: amount(30) },
  );
});
