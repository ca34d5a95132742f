import { describe, expect, test } from "vitest";
import type { ReportedRun } from "../../src/report/content.ts";
import { checkRunContent, commitStatusContent } from "../../src/report/content.ts";
import { bytesOf, DETAILS, detailsOf, failing, reported, sent, withoutCode } from "./support.ts";

const LIMIT = 65_535;
const check = (fields: Partial<ReportedRun>) => checkRunContent(reported(fields), detailsOf);
const failed = (...steps: unknown[]) => check({ conclusion: "failure", digest: { success: false, steps } });

const SUCCESS = { state: "completed", conclusion: "success" } as const;
const FAILURE = { state: "completed", conclusion: "failure" } as const;
const two = { execution_time: 12.2, steps: [sent("lint"), sent("test")] };
const oneOfTwo = { steps: [sent("lint"), failing("test")] };
const unfinished = { started_at: null, finished_at: null };

describe("a validation is reported to GitHub", () => {
  test.each<[Partial<ReportedRun>, string, string | undefined, string, string]>([
    [{ state: "queued", ...unfinished }, "queued", undefined, "pending", "Waiting for a sandbox"],
    [{ state: "pending", ...unfinished }, "in_progress", undefined, "pending", "Validation is running"],
    [{ state: "running", finished_at: null }, "in_progress", undefined, "pending", "Validation is running"],
    [
      { state: "held", reason: "from a fork", ...unfinished },
      "completed",
      "action_required",
      "pending",
      "waiting for approval",
    ],
    [{ ...SUCCESS, digest: two }, "completed", "success", "success", "All 2 steps passed in 12.2s"],
    [
      { ...SUCCESS, digest: { steps: [sent("test")] } },
      "completed",
      "success",
      "success",
      "The only step passed in 12s",
    ],
    [{ ...SUCCESS, digest: oneOfTwo }, "completed", "success", "success", "1 of 2 steps passed in 12s"],
    [SUCCESS, "completed", "success", "success", "Passed in 12s"],
    [
      { ...SUCCESS, reused_from: "7-pr-1-abc-1", started_at: null },
      ...(["completed", "success", "success", "Already passed: same files as an earlier run"] as const),
    ],
    [{ ...FAILURE, digest: oneOfTwo }, "completed", "failure", "failure", "1 of 2 steps failed: test"],
    [FAILURE, "completed", "failure", "failure", "The validation failed"],
    [{ state: "completed", conclusion: null }, "completed", "failure", "failure", "The validation failed"],
    [
      { state: "failed", error: "disk\nfull" },
      "completed",
      "failure",
      "error",
      "The sandbox failed: disk full",
    ],
    [
      { state: "failed", digest: { error: "no disk" } },
      "completed",
      "failure",
      "error",
      "The sandbox failed: no disk",
    ],
    [{ state: "failed" }, "completed", "failure", "error", "The sandbox failed"],
    [
      { ...SUCCESS, digest: { skipped: "only docs" } },
      "completed",
      "success",
      "success",
      "Skipped: only docs",
    ],
    [{ state: "cancelled" }, "completed", "cancelled", "error", "Cancelled"],
    [{ state: "superseded" }, "completed", "cancelled", "error", "Superseded by a newer commit"],
    [
      { state: "timed_out", error: "x" },
      "completed",
      "timed_out",
      "error",
      "No result from the sandbox in time",
    ],
    [{ state: "dead", error: "HTTP 422" }, "completed", "failure", "error", "Could not be started: HTTP 422"],
  ])("%j as %s %s, and as %s: %s", (fields, status, conclusion, state, words) => {
    const content = check({ conclusion: null, ...fields });
    expect([content.status, content.conclusion]).toEqual([status, conclusion]);
    expect(content.output.title).toBe(words);
    expect(commitStatusContent(reported({ conclusion: null, ...fields }))).toEqual({
      state,
      description: words,
    });
  });

  test("the same while it is pending and while it is running", () => {
    const pending = check({ state: "pending", conclusion: null, ...unfinished });
    expect(check({ state: "running", conclusion: null, finished_at: null, digest: oneOfTwo })).toEqual(
      pending,
    );
  });

  test("with its times once it is over", () => {
    const times = { started_at: "2026-11-23T10:00:01.000Z", completed_at: "2026-11-23T10:00:13.000Z" };
    expect(check(FAILURE)).toMatchObject(times);
    expect(check({ state: "cancelled", started_at: null })).not.toHaveProperty("started_at");
    expect(check({ state: "running", finished_at: null })).not.toHaveProperty("started_at");
  });
});

describe("a headline", () => {
  const many = Array.from({ length: 8 }, (_, index) => failing(`step-${index}`));
  test.each([
    [[sent("a"), failing("b"), sent("c", { status: "timed_out" })], "2 of 3 steps failed: b, c"],
    [[sent("c", { status: "timed_out" })], "1 of 1 step timed out: c"],
    [many, "8 of 8 steps failed: step-0, step-1, step-2, step-3, step-4 and 3 more"],
    [[failing("`@everyone`\n| <b>")], "1 of 1 step failed: `@everyone` | <b>"],
  ])("of %j", (steps, title) => {
    expect(failed(...steps).output.title).toBe(title);
  });

  test("is cut to what GitHub takes", () => {
    const fields = { state: "failed", conclusion: null, error: "漢".repeat(1000) } as const;
    expect(bytesOf(check(fields).output.title)).toBeLessThanOrEqual(255);
    expect(commitStatusContent(reported(fields)).description).toMatch(/^The sandbox failed: 漢+…$/);
  });
});

describe("a summary", () => {
  test("has the verdict, what to do, the steps, and where there is more", () => {
    const digest = {
      steps: [sent("lint", { duration_ms: 65_000 }), failing("test"), sent("deploy", SKIPPED)],
    };
    expect(check({ ...FAILURE, digest, run: 2 }).output.summary).toBe(
      `1 of 3 steps failed: \`test\`. Fix the change and push it. If the failure comes and goes, use Re-run.

| Result | Step | Time | Exit code |
|---|---|--:|--:|
| ✅ passed | \`lint\` | 1m 5s | 0 |
| ❌ failed | \`test\` | 350ms | 1 |
| ⏭ skipped | \`deploy\` | – | – |

[Details](<${DETAILS}>) of run 2 of this head`,
    );
  });

  test.each<[Partial<ReportedRun>, string]>([
    [
      { state: "failed" },
      "The sandbox failed before it could judge the change. This says nothing about the change; use Re-run.",
    ],
    [{ state: "failed", error: "a `b`" }, "Reason: `` a `b` ``"],
    [{ state: "dead", dispatch_attempts: 8 }, "The validation could not be started in 8 attempts."],
    [{ state: "timed_out", error: "silent" }, "Reason: `silent`"],
    [{ state: "superseded" }, "Look at the newer commit's check."],
    [{ ...FAILURE, error: "older", digest: { error: "own" } }, "Reason: `own`"],
    [{ ...FAILURE, digest: { truncated: true } }, "The results were too large to be kept whole"],
    [{ ...SUCCESS, digest: { steps: [] } }, "no step is known to have run"],
    [
      { ...SUCCESS, digest: { steps: [], skipped: "each file matches `paths_ignore`" } },
      "Skipped: `` each file matches `paths_ignore` ``. There is nothing to do.",
    ],
    [{ ...SUCCESS, digest: { truncated: true } }, "Passed in 12s. There is nothing to do."],
  ])("of %j", (fields, words) => {
    expect(check(fields).output.summary).toContain(words);
  });

  test("has at most 60 steps, the failing ones among them", () => {
    const steps = Array.from({ length: 100 }, (_, index) => sent(`s${index}`));
    const { summary } = failed(...steps, failing("last")).output;
    expect(summary.match(/^\| (?:✅|❌)/gmu)).toHaveLength(60);
    expect(summary).toContain("| ❌ failed | `last` |");
    expect(summary).toContain("\n\nand 41 more\n\n");
  });

  test("leaves out the steps of a run that was stopped", () => {
    const { output } = check({ state: "superseded", digest: oneOfTwo });
    expect(output.summary).not.toContain("|");
    expect(output).not.toHaveProperty("text");
  });
});

const SKIPPED = { status: "skipped", exit_code: null, duration_ms: 0, output: "" };

describe("a text", () => {
  test("has the output of what did not pass, failures first", () => {
    const odd = sent("odd", { status: "exploded", exit_code: null, output: "boom" });
    const late = sent("late", { status: "timed_out", exit_code: null, output: "" });
    expect(failed(odd, sent("lint"), failing("test", "a\n```\n"), late).output.text).toBe(
      `### \`test\`: ❌ failed, exit code 1

\`\`\`\`
a
\`\`\`
\`\`\`\`

### \`late\`: ⌛ timed out

It printed nothing.

### \`odd\`: ❔ unknown

\`\`\`
boom
\`\`\``,
    );
  });

  test("says where output was cut", () => {
    expect(failed(failing("test", "x".repeat(4000))).output.text).toContain("only the end of the output");
    const digest = { truncated: true, steps: [failing("test")] };
    expect(check({ ...FAILURE, digest }).output.text).toContain("only a part of the output");
  });

  test("has as many steps as there is room for", () => {
    const { text = "" } = failed(
      ...Array.from({ length: 30 }, (_, i) => failing(`s${i}`, "漢".repeat(4000))),
    ).output;
    expect(bytesOf(text)).toBeLessThanOrEqual(LIMIT);
    expect(bytesOf(text)).toBeGreaterThan(LIMIT - 1000);
    expect(text).toMatch(/\n\nThere is no room for the output of 24 more\.$/);
    expect(withoutCode(text).match(/^### /gm)).toHaveLength(6);
  });

  test.each([
    ["of a success", { digest: two }, undefined],
    ["of a success without results", { digest: null }, "The sandbox reported no steps."],
    [
      "of a success that skipped all",
      { digest: { steps: [sent("a", SKIPPED)] } },
      "The sandbox reported no step that ran.",
    ],
    [
      "of a success with nothing to run",
      { digest: { steps: [sent("none", { exit_code: null, output: "There was nothing to run.\n" })] } },
      "The sandbox said:\n\n```\nThere was nothing to run.\n```",
    ],
    ["of what waits", { state: "queued", conclusion: null } as const, undefined],
  ])("%s", (_, fields, text) => {
    expect(check(fields).output.text).toBe(text);
  });
});

test("what is skipped says why, and does not block a merge", () => {
  const fields = { state: "skipped", conclusion: null, reason: "drafts are not validated" } as const;
  expect(check(fields)).toMatchObject({
    status: "completed",
    conclusion: "skipped",
    output: { title: "drafts are not validated" },
  });
  expect(commitStatusContent(reported(fields))).toEqual({
    state: "success",
    description: "skipped: drafts are not validated",
  });
});

describe("the button of a check", () => {
  test.each<[Partial<ReportedRun>, unknown]>([
    [{ state: "held", fork: true }, [expect.objectContaining({ identifier: "approve" })]],
    [{ state: "queued", fork: true }, []],
    [{ state: "queued", fork: false }, undefined],
  ])("of %j", (fields, actions) => {
    expect(check({ conclusion: null, ...fields }).actions).toEqual(actions);
  });

  test("is within GitHub's limits", () => {
    const [button] = check({ state: "held", conclusion: null, fork: true }).actions ?? [];
    expect([button?.label, button?.description, button?.identifier].map((text = "") => text.length)).toEqual([
      7, 30, 7,
    ]);
  });
});

test("a success that is reused leads to the run that passed, and has no text", () => {
  const { output } = check({ ...SUCCESS, reused_from: "7-pr-1-def-1" });
  expect(output.summary).toContain(`[The run that passed](<${detailsOf("7-pr-1-def-1")}>)`);
  expect(output.text).toBeUndefined();
});
