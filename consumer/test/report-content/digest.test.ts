import { NO_DIGEST, readDigest } from "@webhook-gateway/shared/wording/digest.ts";
import { expect, test } from "vitest";
import fc from "../../../test/support/fast-check.ts";
import { failing, hostileDigest, sent, stepsOf } from "./support.ts";

test("reads what a Grainchain server sends", () => {
  const steps = [sent("lint"), failing("test", "one\ntwo\n\n")];
  expect(readDigest({ success: false, execution_time: 1.5, steps })).toMatchObject({
    skipped: null,
    truncated: false,
    error: null,
    durationMs: 1500,
    steps: [
      { name: "lint", outcome: "passed", exitCode: 0, durationMs: 350, output: "fine" },
      { name: "test", outcome: "failed", exitCode: 1, output: "one\ntwo", outputCut: false },
    ],
  });
});

test.each([
  null,
  undefined,
  1,
  "text",
  true,
  [],
  {},
  { steps: null },
  { steps: "a" },
  { steps: [null, 1, "a"] },
])("knows nothing from %j", (digest) => {
  expect(readDigest(digest)).toEqual(NO_DIGEST);
});

test.each([
  [{ status: "passed" }, "passed"],
  [{ status: " Failed\n" }, "failed"],
  [{ status: "timed_out" }, "timed_out"],
  [{ status: "skipped" }, "skipped"],
  [{ status: "error" }, "failed"],
  [{ status: "exploded" }, "unknown"],
  [{ status: "constructor" }, "unknown"],
  [{ status: "exploded", success: false }, "failed"],
  [{ success: true, exit_code: 1 }, "passed"],
  [{ exit_code: 0 }, "passed"],
  [{ exit_code: 137 }, "failed"],
  [{ status: 7, exit_code: "0" }, "unknown"],
  [{}, "unknown"],
])("a step that says %j", (fields, outcome) => {
  expect(stepsOf(fields)[0]?.outcome).toBe(outcome);
});

test.each([
  ["name", 5, "name", "unnamed"],
  ["name", "\u200b \n", "name", "unnamed"],
  ["name", "a\n\u001b[1mb\u001b[0m", "name", "a b"],
  ["name", "x".repeat(300), "name", `${"x".repeat(97)}…`],
  ["exit_code", 1.5, "exitCode", null],
  ["exit_code", 1e300, "exitCode", null],
  ["exit_code", -9, "exitCode", -9],
  ["duration_ms", -1, "durationMs", null],
  ["duration_ms", 1e12, "durationMs", null],
  ["duration_ms", "12", "durationMs", null],
  ["output", { a: 1 }, "output", ""],
  ["output", "\u001b[31ma\r\nb\r\n", "output", "a\nb"],
  ["output", "🧪".repeat(3999), "outputCut", false],
  ["output", "🧪".repeat(4000), "outputCut", true],
])("%s %j is read as %s %j", (field, given, name, expected) => {
  expect(stepsOf({ [field]: given })[0]).toHaveProperty(name, expected);
});

test("nothing makes it throw", () => {
  fc.assert(
    fc.property(hostileDigest, (digest) => {
      for (const step of readDigest(digest).steps) expect(step.name).toMatch(/^\S.*$/);
    }),
  );
});
