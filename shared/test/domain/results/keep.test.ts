import { describe, expect, test } from "vitest";
import { amount } from "../../../../test/support/amount.ts";
import { anyText } from "../../../../test/support/any-text.ts";
import fc from "../../../../test/support/fast-check.ts";
import { type KeptResults, keepResults, MAX_RESULTS_BYTES } from "../../../src/domain/results/keep.ts";
import { MAX_INLINE_RESULTS_BYTES } from "../../../src/messages/fact.ts";

const bytesOf = (text: string): number => new TextEncoder().encode(text).byteLength;

const readKept = (kept: KeptResults): unknown =>
  kept.kind === "inline" ? kept.results : JSON.parse(kept.json);

const sized = (bytes: number) => ({ output: "x".repeat(bytes - '{"output":""}'.length) });

test.each([
  [MAX_INLINE_RESULTS_BYTES, "inline", false],
  [MAX_INLINE_RESULTS_BYTES + 1, "stored", false],
  [MAX_RESULTS_BYTES, "stored", false],
  [MAX_RESULTS_BYTES + 1, "any", true],
])("results of %i bytes are kept %s, cut: %s", (bytes, kind, cut) => {
  const kept = keepResults(sized(bytes));
  if (kind !== "any") expect(kept.kind).toBe(kind);
  expect(Object(readKept(kept)).truncated).toBe(cut ? true : undefined);
});

test("the size is counted in bytes", () => {
  expect(keepResults({ output: "漢".repeat(5000) }).kind).toBe("stored");
});

describe("a summary", () => {
  const many = (count: number, entry: (index: number) => unknown) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, entry(index)]));
  const huge = "x".repeat(MAX_RESULTS_BYTES);

  test("says how large the whole was", () => {
    const results = { output: huge };
    expect(readKept(keepResults(results))).toMatchObject({
      truncated: true,
      original_bytes: JSON.stringify(results).length,
    });
  });

  test("keeps the verdict behind any number of other fields", () => {
    const results = {
      ...many(500, () => "y".repeat(3000)),
      success: false,
      overall_success: false,
      error: "broke",
      test_results: { ...many(500, () => 1), overall_success: false },
    };
    expect(readKept(keepResults(results))).toMatchObject({
      success: false,
      overall_success: false,
      error: "broke",
      test_results: { overall_success: false },
    });
  });

  test.each(["passed", "failed"])("keeps a verdict that only the steps gave: %s", (status) => {
    const steps = many(500, (index) => ({
      status: index === 499 ? status : "passed",
      output: "y".repeat(3000),
    }));
    const kept = readKept(keepResults({ test_results: steps }));
    expect(kept).toMatchObject({ truncated: true, overall_success: status === "passed" });
  });

  test("makes no verdict up", () => {
    expect(readKept(keepResults({ output: huge }))).not.toHaveProperty("overall_success");
  });

  test.each([
    ["characters of three bytes", "漢"],
    ["characters that JSON escapes", "\u0001"],
  ])("is itself small enough to store, with steps full of %s", (_, char) => {
    const step = () => many(70, () => char.repeat(600));
    const results = { success: false, test_results: many(70, step), more: many(70, step) };
    const kept = keepResults(results);
    expect(readKept(kept)).toMatchObject({ truncated: true, success: false });
    expect(bytesOf(JSON.stringify(readKept(kept)))).toBeLessThanOrEqual(MAX_RESULTS_BYTES);
  });

  test("is itself small enough, whatever the results are", () => {
    const results = fc.dictionary(anyText(), fc.jsonValue({ maxDepth: 4 }));
    fc.assert(
      fc.property(results, fc.constantFrom(true, false), (some, success) => {
        const kept = readKept(keepResults({ ...some, huge, success }));
        expect(kept).toMatchObject({ truncated: true, success });
        expect(bytesOf(JSON.stringify(kept))).toBeLessThanOrEqual(MAX_RESULTS_BYTES);
      }),
      { numRuns: amount(50) },
    );
  });

  test("replaces results that are nested too deep for D1", () => {
    const nested: unknown = JSON.parse(`${"[".repeat(1500)}${"]".repeat(1500)}`);
    const objects: unknown = JSON.parse(`${'{"a":'.repeat(1500)}1${"}".repeat(1500)}`);
    for (const log of [nested, objects]) {
      expect(readKept(keepResults({ success: false, log }))).toMatchObject({
        truncated: true,
        success: false,
      });
    }
  });

  test.each([
    [100, false],
    [101, true],
  ])("of results nested %i levels deep is made: %s", (levels, cut) => {
    const results = JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`);
    expect(Object(readKept(keepResults(results))).truncated).toBe(cut ? true : undefined);
  });

  test("replaces results that are nested too deep to be written down", () => {
    // A field of this name makes JSON.stringify climb level by level.
    const deep = JSON.parse(`${'{"toJSON":'.repeat(100_000)}1${"}".repeat(100_000)}`);
    expect(readKept(keepResults({ success: false, deep }))).toMatchObject({
      success: false,

      truncated: true,
    });
  });

  test("is not made of results nested as deep as programs nest them", () => {
    const results = { log: JSON.parse(`${'{"a":['.repeat(40)}1${"]}".repeat(40)}`) as unknown };
    expect(readKept(keepResults(results))).toEqual(results);
  });
});
