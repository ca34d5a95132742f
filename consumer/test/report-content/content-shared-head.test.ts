import { describe, expect, test } from "vitest";
import type { ReportedRun } from "../../src/report/content.ts";
import { checkRunContent, commitStatusContent } from "../../src/report/content.ts";
import { detailsOf, failing, reported, sent } from "./support.ts";

const check = (fields: Partial<ReportedRun>) => checkRunContent(reported(fields), detailsOf);
const failed = (...steps: unknown[]) => check({ conclusion: "failure", digest: { success: false, steps } });

const FAILURE = { state: "completed", conclusion: "failure" } as const;
const oneOfTwo = { steps: [sent("lint"), failing("test")] };

describe("if other subjects have the same head", () => {
  const other = { kind: "pull_request", number: 2, ref: "topic", validation_id: "7-pr-2-abc-1" } as const;
  const passed = { ...other, state: "completed", conclusion: "success" } as const;
  const waiting = { ...other, kind: "merge_group", number: 3, state: "queued", conclusion: null } as const;
  const shared = { ...FAILURE, digest: { success: false, ...oneOfTwo }, others: [passed, waiting] };

  test("the title names whose result it is, and how the others are", () => {
    const title = "#1: 1 of 2 steps failed: test; also #2 passed, merge group of #3 waiting";
    expect(check(shared).output.title).toBe(title);
    expect(commitStatusContent(reported(shared)).description).toBe(title);
  });

  test("the title has room for the others however long the headline is", () => {
    const steps = [failing("s".repeat(300))];
    const { description } = commitStatusContent(reported({ ...shared, digest: { success: false, steps } }));
    expect(description).toMatch(/^#1: 1 of 1 step failed: s+…; also #2 passed, merge group of #3 waiting$/);
  });

  test("the summary lists each of them with its details", () => {
    expect(check(shared).output.summary).toContain(
      [
        "This commit is shared, and its check shows the worst result:",
        "",
        "- #1: the result shown here",
        `- #2: passed, [details](<${detailsOf("7-pr-2-abc-1")}>)`,
        `- merge group of #3: waiting, [details](<${detailsOf("7-pr-2-abc-1")}>)`,
      ].join("\n"),
    );
  });

  test.each([
    ["pull_request", 2, "topic", "#2", "#2"],
    ["merge_group", 3, "refs/heads/gh-readonly-queue/main/pr-3", "merge group of #3", "merge group of #3"],
    ["merge_group", 0, "refs/heads/gh-readonly-queue/main/x", "merge group", "merge group"],
    ["push", 0, "refs/heads/release/1", "release/1", "`release/1`"],
    ["push", 0, "refs/heads/\u202e", "branch", "`branch`"],
  ] as const)("names a %s with number %d of %j", (kind, number, ref, plain, markdown) => {
    const { output } = check({ ...shared, others: [{ ...passed, kind, number, ref }] });
    expect(output.title).toContain(`; also ${plain} passed`);
    expect(output.summary).toContain(`- ${markdown}: passed, `);
  });

  test.each([
    ["queued", null, "waiting"],
    ["dispatching", null, "waiting"],
    ["pending", null, "running"],
    ["running", null, "running"],
    ["completed", "success", "passed"],
    ["completed", "failure", "failed"],
    ["failed", null, "sandbox failed"],
    ["timed_out", null, "timed out"],
    ["dead", null, "could not be started"],
    ["cancelled", null, "stopped"],
    ["superseded", null, "stopped"],
  ] as const)("one that is %s with %s is said to be: %s", (state, conclusion, text) => {
    const { output } = check({ ...shared, others: [{ ...passed, state, conclusion }] });
    expect(output.title).toContain(`; also #2 ${text}`);
  });
});

test("annotations come along, and are left out if there are none", () => {
  expect(failed(failing("test", "a.ts:3: error: no")).output.annotations).toHaveLength(1);
  expect(failed(failing("test")).output).not.toHaveProperty("annotations");
});
