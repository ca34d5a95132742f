import { describe, expect, test } from "vitest";
import { judge, NO_RESULTS, NO_VERDICT, verdictOf } from "../../../src/domain/results/verdict.ts";

const passed = { status: "passed" };
const failed = { status: "failed" };

describe("the verdict", () => {
  test.each([
    [{ success: true }, "success"],
    [{ overall_success: true }, "success"],
    [{ test_results: { overall_success: true } }, "success"],
    [{ success: false }, "failure"],
    [{ overall_success: false }, "failure"],
    [{ test_results: { overall_success: false } }, "failure"],
  ])("is what any one of the three fields says: %j", (results, verdict) => {
    expect(verdictOf(results)).toBe(verdict);
  });

  test.each([
    { success: true, overall_success: false },
    { success: false, overall_success: true },
    { success: true, test_results: { overall_success: false } },
    { success: false, test_results: { overall_success: true } },
  ])("is failure if they contradict each other: %j", (results) => {
    expect(verdictOf(results)).toBe("failure");
  });

  test.each([
    undefined,
    null,
    {},
    { sandbox_id: "sb-1" },
    { success: null },
    { success: "true" },
    { success: 1, overall_success: "yes" },
    { test_results: null },
    { test_results: [true] },
    { test_results: [{ status: "passed" }] },
    { test_results: { overall_success: null } },
    { error: "broke" },
  ])("is missing if none of them is a boolean: %j", (results) => {
    expect(verdictOf(results)).toBe("none");
  });

  test("of the whole wins over the steps, which may be allowed to fail", () => {
    expect(verdictOf({ success: true, test_results: { lint: failed } })).toBe("success");
    expect(verdictOf({ success: false, test_results: { lint: passed } })).toBe("failure");
  });
});

describe("without a verdict of the whole, the steps", () => {
  test.each([
    ["one that passed", { test: passed }, "success"],
    ["one that passed and one that was skipped", { test: passed, lint: { status: "skipped" } }, "success"],
    ["an exit code of 0", { test: { exit_code: 0 } }, "success"],
    ["a step's own success", { test: { success: true } }, "success"],
    ["one that failed among others", { test: passed, lint: failed }, "failure"],
    ["one that failed beside one that is not known", { test: { status: "odd" }, lint: failed }, "failure"],
    ["one that timed out", { test: { status: "timed_out" } }, "failure"],
    ["an exit code of 1", { test: { exit_code: 1 } }, "failure"],
    ["one of a status that is not known", { test: passed, lint: { status: "crashed" } }, "none"],
    ["one that says nothing", { test: passed, lint: {} }, "none"],
    ["one that was skipped", { test: { status: "skipped" } }, "none"],
    ["nothing but numbers", { execution_time: 3 }, "none"],
  ])("with %s decide", (_, test_results, verdict) => {
    expect(verdictOf({ test_results })).toBe(verdict);
  });
});

describe("a status", () => {
  test.each([
    ["completed", { success: true }, { success: true, error: null }],
    ["completed", { success: false, error: "2 tests" }, { success: false, error: null }],
    ["completed", undefined, { success: false, error: NO_RESULTS }],
    ["completed", null, { success: false, error: NO_RESULTS }],
    ["completed", {}, { success: false, error: NO_RESULTS }],
    ["completed", { sandbox_id: "sb-1" }, { success: false, error: NO_VERDICT }],
    ["failed", { error: "broke" }, { success: false, error: "broke" }],
    ["failed", { error: "x".repeat(2000) }, { success: false, error: "x".repeat(1024) }],
    ["failed", { error: { message: "broke" } }, { success: false, error: null }],
    ["failed", null, { success: false, error: null }],
    ["failed", { success: true }, { success: false, error: null }],
    ["running", { success: true, error: "not yet" }, { success: false, error: null }],
  ] as const)("%s with %j", (status, results, judgement) => {
    expect(judge(status, results)).toEqual(judgement);
  });
});
