import type { DueReport } from "@webhook-gateway/shared/store/claim/due-report.ts";
import { describe, expect, test } from "vitest";
import { planReport } from "../../src/report/plan.ts";
import { detailsOf } from "../report-content/support.ts";
import { due } from "./due.ts";

const NOT_POSTED = "nothing was posted before";
const SHOWN_OTHERWISE = "GitHub shows a later run of this commit, or another subject with the same head";
const TOO_MANY = "GitHub takes no more than 1000 statuses for one commit";

/** The plan in a line: what is posted, at what price, and where it is skipped after all. */
function planned(mode: "app" | "token", fields: Partial<DueReport>): string {
  const plan = planReport(due(fields), mode, detailsOf, true);
  if (plan.kind === "skip") return `skip: ${plan.reason}`;
  const { points, creates, minor } = plan.cost;
  const words = [plan.kind, `${points} points`, creates ? "creates" : "changes", minor ? "minor" : "first"];
  return [...words, ...(plan.onlyIfThere === null ? [] : [`unless there: ${plan.onlyIfThere}`])].join(", ");
}

const COMPLETED = { state: "completed", conclusion: "success" } as const;
const SHOWN = { validation_id: "7-pr-1-abc-1", external_id: "7", final: false };
const THERE = { posts: 1, context_posts: 1, shown: SHOWN } as const;
/** GitHub shows another validation of the commit. */
const other = (validation_id: string, final: boolean) => ({
  shown: { validation_id, external_id: "7", final },
});

describe("a check run", () => {
  test.each<[string, Partial<DueReport>, string]>([
    ["a beginning", {}, "check_run, 5 points, creates, minor"],
    ["a run", { state: "running" }, "check_run, 5 points, creates, minor"],
    ["a run that is shown", { state: "running", ...THERE }, "check_run, 5 points, changes, minor"],
    ["an end", COMPLETED, "check_run, 5 points, creates, first"],
    ["an end of what is shown", { ...COMPLETED, ...THERE }, "check_run, 5 points, changes, first"],
    ["an end that is looked for first", { ...COMPLETED, claims: 2 }, "check_run, 6 points, creates, first"],
    ["a death", { state: "dead" }, "check_run, 5 points, creates, first"],
    ["a stop", { state: "cancelled" }, `skip: ${NOT_POSTED}`],
    ["a stop of what is shown", { state: "superseded", ...THERE }, "check_run, 5 points, changes, first"],
    [
      "a stop of what may be shown",
      { state: "cancelled", claims: 2 },
      `check_run, 6 points, creates, first, unless there: ${NOT_POSTED}`,
    ],
    [
      "one that GitHub does not show",
      { ...COMPLETED, ...THERE, is_shown: false },
      `skip: ${SHOWN_OTHERWISE}`,
    ],
    [
      "a later run of what has ended",
      { run: 2, ...other("7-pr-1-abc-0", true) },
      "check_run, 5 points, creates, minor",
    ],
    [
      "a later run of what is still shown as live",
      { run: 2, ...other("7-pr-1-abc-0", false) },
      "check_run, 5 points, changes, minor",
    ],
    [
      "what another subject's check run shows already",
      { ...COMPLETED, ...other("7-pr-2-abc-1", true) },
      "check_run, 5 points, changes, first",
    ],
    [
      "a stop while another subject's end is shown",
      { state: "cancelled", ...other("7-pr-2-abc-1", true) },
      `skip: ${NOT_POSTED}`,
    ],
    [
      "a stop while another subject is still shown as live",
      { state: "cancelled", ...other("7-pr-2-abc-1", false) },
      "check_run, 5 points, changes, first",
    ],
    [
      "what another subject may have posted",
      { others_uncertain: true },
      "check_run, 6 points, creates, minor",
    ],
    ["many posts", { ...COMPLETED, posts: 5000, context_posts: 5000 }, "check_run, 5 points, creates, first"],
  ])("%s", (_, fields, plan) => {
    expect(planned("app", fields)).toBe(plan);
  });
});

describe("a commit status", () => {
  test.each<[string, Partial<DueReport>, string]>([
    ["a beginning", {}, "status, 5 points, creates, minor"],
    ["an end", COMPLETED, "status, 5 points, creates, first"],
    ["an end that is looked for first", { ...COMPLETED, claims: 3 }, "status, 6 points, creates, first"],
    ["a stop", { state: "superseded" }, `skip: ${NOT_POSTED}`],
    ["a stop of what is shown", { state: "cancelled", posts: 1 }, "status, 5 points, creates, first"],
    [
      "a stop of what may be shown",
      { state: "cancelled", claims: 2 },
      `status, 6 points, creates, first, unless there: ${NOT_POSTED}`,
    ],
    [
      "one that GitHub does not show",
      { ...COMPLETED, posts: 1, is_shown: false },
      `skip: ${SHOWN_OTHERWISE}`,
    ],
    ["the 900th", { context_posts: 899 }, "status, 5 points, creates, minor"],
    ["the 901st", { context_posts: 900 }, `skip: ${TOO_MANY}`],
    ["the 1,000th, of an end", { ...COMPLETED, context_posts: 999 }, "status, 5 points, creates, first"],
    ["the 1,001st, of an end", { ...COMPLETED, context_posts: 1000 }, `skip: ${TOO_MANY}`],
  ])("%s", (_, fields, plan) => {
    expect(planned("token", fields)).toBe(plan);
  });
});

test.each<[string, Partial<DueReport>, boolean, string]>([
  ["is posted", {}, true, "check_run"],
  ["is not posted if it is not reported", {}, false, "skip"],
  ["is posted if GitHub shows something of the commit", { shown: SHOWN }, false, "check_run"],
])("what is skipped %s", (_, fields, reportSkipped, kind) => {
  expect(planReport(due({ state: "skipped", ...fields }), "app", detailsOf, reportSkipped).kind).toBe(kind);
});

test("carries over what the content is made of", () => {
  const plan = planReport(
    due({ state: "dead", error: "HTTP 422", dispatch_attempts: 3, run: 2 }),
    "app",
    detailsOf,
    true,
  );
  if (plan.kind !== "check_run") throw new Error("no check run");
  expect(plan.content).toMatchObject({
    status: "completed",
    conclusion: "failure",
    output: {
      title: "Could not be started: HTTP 422",
      summary: expect.stringMatching(/in 3 attempts[\s\S]*run 2 of this head/),
    },
  });
});
