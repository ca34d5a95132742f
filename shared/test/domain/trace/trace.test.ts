import { describe, expect, test } from "vitest";
import type { DeliveryItem } from "../../../src/api/delivery.ts";
import type { ValidationItem } from "../../../src/api/validation.ts";
import { buildTrace, type TraceRows } from "../../../src/domain/trace/trace.ts";

const at = (seconds: number): string => new Date(Date.UTC(2026, 10, 1, 10) + seconds * 1000).toISOString();
const NOW = at(100);

const validation: ValidationItem = {
  id: "v",
  repository: "acme/widgets",
  pr_number: 12,
  pr_url: "https://github.com/acme/widgets/pull/12",
  event: "pull_request",
  ref: "topic",
  head_sha: "a",
  base_sha: "b",
  run: 1,
  state: "queued",
  conclusion: null,
  lane: "live",
  attempts: 0,
  due_at: null,
  grainchain_id: null,
  error: null,
  created_at: at(2),
  dispatched_at: null,
  started_at: null,
  finished_at: null,
  heard_at: null,
};

const delivery: DeliveryItem = {
  id: "guid",
  event: "pull_request",
  action: "opened",
  repository: "acme/widgets",
  sender: "mona",
  secret: "current",
  received_at: at(1),
  recorded_at: at(2),
  occurred_at: at(0),
  delivered_at: null,
  throttled_at: null,
  recovered_at: null,
  outcome: "started",
  reason: null,
  validation_id: "v",
};

const rows = (changed: Partial<TraceRows> = {}): TraceRows => ({
  deliveries: [delivery],
  validations: [validation],
  timeline: [
    {
      validation_id: "v",
      at: at(2),
      from_state: null,
      to_state: "queued",
      reason: "queued by pull_request opened",
      met: null,
      failed_steps: null,
    },
  ],
  reports: [],
  deadLetters: [],
  gate: { state: "open" },
  waiting: new Map([["v", { n: 3, set_aside: false, pause: null }]]),
  renamed: [],
  ...changed,
});

const stepsOf = (changed: Partial<TraceRows>) =>
  buildTrace("validation", rows(changed), NOW)?.validations[0]?.steps ?? [];

test("there is no trace if nothing is known", () => {
  expect(buildTrace("sha", rows({ deliveries: [], validations: [] }), NOW)).toBeUndefined();
});

test("tells the way from GitHub on, with the gap before each step", () => {
  expect(stepsOf({}).map(({ step, gap_ms }) => [step, gap_ms])).toEqual([
    ["happened", null],
    ["accepted", 1000],
    ["recorded", 1000],
    ["queued", 0],
    ["now", 98_000],
  ]);
});

test.each<[string, Partial<ValidationItem>, string | null, string]>([
  [
    "what broke",
    { state: "failed", error: "clone failed: no such repository" },
    null,
    "callback failed: clone failed: no such repository",
  ],
  [
    "which steps failed",
    { state: "completed", conclusion: "failure" },
    "lint, test",
    "callback completed; failed: lint, test",
  ],
  ["nothing twice", { state: "timed_out", error: "callback" }, null, "callback timed_out"],
])("says of a run that ended %s", (_, run, failed_steps, detail) => {
  const ended = { ...validation, ...run, finished_at: at(60) };
  const entry = { validation_id: "v", at: at(60), from_state: "running", met: null };
  const own = { ...entry, to_state: ended.state, reason: `callback ${ended.state}`, failed_steps };
  const earlier = {
    ...entry,
    from_state: null,
    at: at(2),
    to_state: "queued",
    reason: "queued",
    failed_steps: null,
  };
  const steps = stepsOf({ validations: [ended], timeline: [earlier, own] });
  expect(steps.at(-1)).toMatchObject({ step: ended.state, detail });
});

test("says how late GitHub was, and that it held the delivery back", () => {
  const late = {
    ...delivery,
    throttled_at: at(10),
    delivered_at: at(70),
    received_at: at(71),
    recorded_at: at(72),
  };
  const steps = stepsOf({ deliveries: [late] });
  expect(steps.map(({ step }) => step)).toEqual([
    "happened",
    "queued",
    "throttled",
    "delivered",
    "accepted",
    "recorded",
    "now",
  ]);
  expect(steps.find(({ step }) => step === "recorded")?.detail).toContain("71 s after it happened");
});

test("says of a delivery that never came that it was fetched", () => {
  const steps = stepsOf({ deliveries: [{ ...delivery, recovered_at: at(2) }] });
  expect(steps.map(({ step }) => step)).toContain("recovered");
  const audited = stepsOf({ deliveries: [{ ...delivery, event: "audit", action: null, secret: null }] });
  expect(audited.map(({ step }) => step)).toEqual(["audited", "recorded", "queued", "now"]);
  expect(steps.map(({ step }) => step)).not.toContain("accepted");
});

describe("what a validation waits for", () => {
  const closed = {
    state: "closed",
    reason: "configuration",
    detail: "HTTP 401",
    since: at(50),
    until: at(110),
    step: 2,
  } as const;
  test.each<[string, Partial<TraceRows>, string]>([
    ["its turn", {}, "ahead of it: 3 runs"],
    [
      "its repository's limit",
      { waiting: new Map([["v", { n: 2, set_aside: true, pause: null }]]) },
      "waiting for its turn among the runs of its repository; ahead of it: 2 runs",
    ],
    [
      "a pause, whatever the gate",
      {
        gate: closed,
        waiting: new Map([
          [
            "v",
            {
              ...{ n: 0, set_aside: true },
              pause: { paused_at: at(40), until: at(200), actor: "operator:alice", reason: "upgrade" },
            },
          ],
        ]),
      },
      `dispatch is paused by operator:alice since ${at(40)} until ${at(200)}: upgrade`,
    ],
    [
      "the gate",
      { gate: closed },
      `Grainchain's gate has been closed since ${at(50)} (configuration: HTTP 401), next try ${at(110)}`,
    ],
    [
      "a gate that is about to be tried",
      { gate: { ...closed, until: at(90) } },
      `closed since ${at(50)} (configuration: HTTP 401)`,
    ],
    [
      "its backoff",
      { validations: [{ ...validation, due_at: at(120), error: "HTTP 500: boom" }] },
      `waiting until ${at(120)} to try again: HTTP 500: boom`,
    ],
    [
      "Grainchain",
      { validations: [{ ...validation, state: "running" }] },
      "waiting for its result from Grainchain",
    ],
  ])("%s", (_, changed, words) => {
    expect(stepsOf(changed).at(-1)).toMatchObject({
      step: "now",
      at: NOW,
      detail: expect.stringContaining(words),
    });
  });

  test("is nothing once it has ended", () => {
    const ended = { ...validation, state: "completed" as const, conclusion: "success" as const };
    expect(stepsOf({ validations: [ended] }).map(({ step }) => step)).not.toContain("now");
  });
});

describe("a report", () => {
  const report = {
    validation_id: "v",
    status: "posted",
    state: "completed",
    due_at: at(20),
    reason: null,
    error: null,
    posted_state: "completed",
    posted_at: at(21),
  };
  test.each([
    ["posted", {}, "reported"],
    ["skipped", { status: "skipped", reason: "no credentials", posted_at: null }, "not reported"],
    ["that is tried again", { status: "due", error: "HTTP 502", posted_at: null }, "report due"],
  ])("%s is told", (_, changed, step) => {
    expect(stepsOf({ reports: [{ ...report, ...changed }] }).map((one) => one.step)).toContain(step);
  });
});
