import { expect, test } from "vitest";
import { overviewLines } from "../../src/view/overview.ts";
import { projectLines } from "../../src/view/project.ts";
import { traceLines } from "../../src/view/trace.ts";
import { validationDetailLines } from "../../src/view/validation-detail.ts";
import {
  AT,
  GUID,
  makeDeadLetter,
  makeDelivery,
  makeDetail,
  makeOverview,
  makeTrace,
  makeValidation,
  VALIDATION_ID,
} from "../support/items.ts";
import { plainScreen } from "../support/screen.ts";

const WIDE = plainScreen(160);
const HOSTILE = "\u001b[2J\u202e\u0007evil";

test("shows a gateway at rest", () => {
  expect(overviewLines(makeOverview(), WIDE)).toEqual([
    "gateway          0.1.0, development, 2026-11-24 00:08:19Z",
    "validations      0 queued, 0 dispatching, 0 pending, 0 running; within 24 h none ended",
    "waiting          none",
    "gate grainchain  open",
    "gate github      open",
    "reports          0 due, 0 dead",
    "cancels          0 due, 0 dead",
    "deliveries       none yet; 0 within the hour; 0 recovered within 24 h",
    "database         7.1 of 10 GB, 71 %",
    "replays          none running",
    "dead letters     none",
  ]);
});

test("shows what is waiting, why and until when", () => {
  const { states } = makeOverview();
  const overview = makeOverview({
    states: { ...states, queued: 7, completed: 3, dead: 2 },
    waiting: {
      live: 5,
      replay: 2,
      backing_off: 1,
      oldest_at: "2026-11-24T00:05:19.123Z",
      next_due_at: "2026-11-24T00:08:31.123Z",
    },
    gates: [
      {
        name: "grainchain",
        state: "closed",
        reason: "backpressure",
        detail: "429 at capacity",
        since: "2026-11-24T00:06:19.123Z",
        until: "2026-11-24T00:08:49.123Z",
      },
      { name: "github", state: "closed", reason: "limit", detail: null, since: AT, until: AT },
    ],
    dead_letters: [
      { kind: "dispatch", class: "permanent", letters: 2, oldest_at: "2026-11-23T21:08:19.123Z" },
    ],
    hours: [
      {
        hour: "2026-11-24T00:00:00.000Z",
        ...{ validations: 7, succeeded: 0, failed_checks: 0, broken: 0 },
        ...{ p50_ms: null, p95_ms: null, p99_ms: null },
      },
      {
        hour: "2026-11-23T23:00:00.000Z",
        ...{ validations: 3, succeeded: 3, failed_checks: 0, broken: 0 },
        ...{ p50_ms: 45_000, p95_ms: 90_000, p99_ms: 118_000 },
      },
    ],
    reports: { due: 4, oldest_due_at: "2026-11-24T00:07:19.123Z", dead: 1 },
    deliveries: { last_at: "2026-11-24T00:08:09.123Z", last_hour: 40, recovered_last_day: 1 },
    replays_running: 1,
  });

  expect(overviewLines(overview, WIDE).slice(1)).toEqual([
    "validations      7 queued, 0 dispatching, 0 pending, 0 running; within 24 h 3 completed, 2 dead",
    "waiting          5 live, 2 replayed, 1 backing off; the oldest since 2026-11-24 00:05:19Z (3m ago); next try in 12s",
    "duration         p50 45s, p95 1m 30s, p99 1m 58s; queued since 2026-11-23 23:00:00Z",
    "gate grainchain  closed: backpressure: 429 at capacity; since 2026-11-24 00:06:19Z (2m ago); next try in 30s",
    "gate github      closed: limit; since 2026-11-24 00:08:19Z (just now); next try now",
    "reports          4 due, 1 dead; oldest due since 2026-11-24 00:07:19Z",
    "cancels          0 due, 0 dead",
    "deliveries       the last 2026-11-24 00:08:09Z (10s ago); 40 within the hour; 1 recovered within 24 h",
    "database         7.1 of 10 GB, 71 %",
    "replays          1 running",
    "dead letters     2",
    "  KIND      CLASS      COUNT  OLDEST",
    "  dispatch  permanent  2      3h",
  ]);
});

test("traces a validation step by step, with the gaps between", () => {
  expect(traceLines(makeTrace(), WIDE)).toEqual([
    "acme/widgets #12  6dcb09b  run 1  completed success",
    VALIDATION_ID,
    "TIME (UTC)          AFTER   STEP       DETAIL",
    `11-24 00:08:19.123          accepted   202, delivery ${GUID}`,
    "11-24 00:08:31.623  +12.5s  completed  callback: success",
    "",
    "deliveries",
    "RECEIVED (UTC)      EVENT                OUTCOME  REASON  ID",
    `11-24 00:08:19.123  pull_request.opened  started  -       ${GUID}`,
  ]);
});

test("first prints the current name of a repository", () => {
  const renamed = [{ from: "acme/old", to: `acme/new${HOSTILE}` }];
  expect(traceLines(makeTrace({ renamed }), WIDE).slice(0, 2)).toEqual(["acme/old is now acme/newevil", ""]);
});

test("shows a repository with its current name", () => {
  const status = {
    project_id: "acme/old",
    renamed_to: "acme/new",
    webhook_configured: false,
    last_event: null,
    status: "inactive" as const,
    counts: { queued: 0, running: 0, completed: 0, failed: 0 },
    validations: [],
  };
  expect(projectLines(status, WIDE)[0]).toBe("repository   acme/old, now acme/new");
});

test("traces dead letters, of a run and of deliveries that were never recorded", () => {
  const [run] = makeTrace().validations;
  if (run === undefined) throw new Error("no run");
  const lines = traceLines(
    makeTrace({
      deliveries: [],
      validations: [{ ...run, dead_letters: [makeDeadLetter()] }],
      dead_letters: [makeDeadLetter({ id: "dl-2", kind: "fact" })],
    }),
    WIDE,
  );

  expect(lines.filter((line) => /dl-|dead letter/.test(line))).toEqual([
    "dead letters of this run",
    expect.stringMatching(/^dl-1 {2}dispatch {2}permanent/),
    "dead letters of deliveries",
    expect.stringMatching(/^dl-2 {2}fact/),
  ]);
});

test("keeps every reason whole on a narrow terminal", () => {
  const detail =
    "waiting: Grainchain's gate is closed (backpressure: 429 at capacity, ask again later), next try 00:10";
  const [run] = makeTrace().validations;
  if (run === undefined) throw new Error("no run");
  const steps = [{ at: AT, gap_ms: 1, step: "now", detail }];

  const lines = traceLines(makeTrace({ deliveries: [], validations: [{ ...run, steps }] }), plainScreen(80));

  expect(
    lines
      .slice(3)
      .map((line) => line.slice(-41).trim())
      .join(" "),
  ).toContain("ask again later), next try 00:10");
});

test("shows a validation with the end of the output of failed steps", () => {
  const output = Array.from({ length: 30 }, (_, index) => `line ${index + 1}`).join("\n");
  const test_results = {
    overall_success: false,
    execution_time: 4.2,
    lint: { status: "passed", exit_code: 0, duration_ms: 1200, output: "fine" },
    test: { status: "failed", exit_code: 3, duration_ms: 3000, output },
  };

  const lines = validationDetailLines(makeDetail({ conclusion: "failure", results: { test_results } }), WIDE);

  expect(lines).toContain("state       completed failure");
  expect(lines).toContain("took        12.5s");
  expect(lines).toContain("status    skipped (completed)");
  expect(lines).toContain("lint  passed  0     1.2s");
  expect(lines).toContain("test  failed  3     3s");
  expect(lines).toContain("the last 20 of 30 lines of test");
  expect(lines.slice(-20)).toEqual(Array.from({ length: 20 }, (_, index) => `  line ${index + 11}`));
  expect(lines).not.toContain("  fine");
});

test.each([
  ["none", null],
  ["no steps", { error: "clone failed" }],
  ["steps of another kind", { test_results: { test: "passed", lint: { status: 1 } } }],
  ["a list", { test_results: ["passed"] }],
])("shows a validation whose results are %s", (_, results) => {
  expect(validationDetailLines(makeDetail({ results }), WIDE)).toContain("timeline");
});

test("shows nothing that controls a terminal, whatever names and outputs hold", () => {
  const test_results = { [HOSTILE]: { status: HOSTILE, exit_code: 1, output: `${HOSTILE}\n${HOSTILE}` } };
  const validation = makeDetail({
    repository: HOSTILE,
    ref: HOSTILE,
    error: HOSTILE,
    pr_number: 0,
    timeline: [{ at: AT, from_state: null, to_state: "queued", reason: HOSTILE, delivery_id: null }],
    results: { test_results },
  });
  const trace = makeTrace({
    deliveries: [makeDelivery({ event: HOSTILE, reason: HOSTILE })],
    validations: [
      {
        validation: makeValidation({ repository: HOSTILE, ref: HOSTILE, pr_number: 0 }),
        steps: [{ at: AT, gap_ms: 0, step: HOSTILE, detail: HOSTILE }],
        dead_letters: [makeDeadLetter({ error: HOSTILE, repository: HOSTILE })],
      },
    ],
  });

  const lines = [...validationDetailLines(validation, WIDE), ...traceLines(trace, WIDE)];

  expect(lines.join("\n")).toContain("evil");
  for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});
