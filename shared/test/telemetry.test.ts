import { describe, expect, test } from "vitest";
import { createLog, type LogFields } from "../src/telemetry/log.ts";
import { tally } from "../src/telemetry/tally.ts";
import { type Dataset, MAX_POINTS, observeInvocation, observeWith } from "../src/telemetry/telemetry.ts";

type Point = Parameters<Dataset["writeDataPoint"]>[0];

function pointsOf(say: (log: ReturnType<typeof createLog>) => void): Point[] {
  const points: Point[] = [];
  const observe = observeWith({ writeDataPoint: (point) => points.push(point) });
  say(createLog({ debug: true, write: () => {}, observe }));
  return points;
}

const pointOf = (event: string, fields: LogFields) => pointsOf((log) => log.info(event, fields))[0];

test("a line is one data point, indexed by its event", () => {
  const fields = { github_event: "pull_request", secret: "current", bytes: 25_000, duration_ms: 7 };
  expect(pointsOf((log) => log.with({ worker: "producer" }).info("delivery.accepted", fields))).toEqual([
    {
      indexes: ["delivery.accepted"],
      blobs: ["delivery.accepted", "info", "", "current", "pull_request"],
      doubles: [1, 7, 25_000],
    },
  ]);
});

describe("the outcome is the third text", () => {
  test.each<[string, LogFields, string]>([
    [
      "an error's code before its words",
      { reason: "no such event", code: "invalid_header" },
      "invalid_header",
    ],
    ["why a delivery needs nothing", { reason: "the event is not used" }, "the event is not used"],
    ["a final state", { state: "completed", run: 2 }, "completed"],
    ["nothing where nothing is said", { run: 2 }, ""],
  ])("%s", (_, fields, expected) => {
    expect(pointOf("some.event", fields)?.blobs[2]).toBe(expected);
  });
});

test.each<[LogFields, string]>([
  [{ hook: "org:acme/7" }, "org:acme/7"],
  [{ condition: "dead letters" }, "dead letters"],
  [{ credential: "installation:4" }, "installation:4"],
  [{ secret: null }, ""],
])("%j names whom it is about", (fields, name) => {
  expect(pointOf("some.event", fields)?.blobs[3]).toBe(name);
});

test("a batch is a point, and one more for each thing that it counts", () => {
  const classes = tally(["accepted", "retryable", "accepted"]);
  const points = pointsOf((log) =>
    log.info("dispatch.batch", {
      lease_id: "l",
      claimed: 3,
      calls: 1,
      failed: 0,
      duration_ms: 80,
      ...classes,
    }),
  );
  expect(points.map(({ blobs, doubles }) => [blobs[2], doubles])).toEqual([
    ["", [1, 80, 3]],
    ["claimed", [1, 80, 3]],
    ["calls", [1, 80, 1]],
    ["accepted", [1, 80, 2]],
    ["retryable", [1, 80, 1]],
  ]);
  expect(points.every(({ indexes }) => indexes[0] === "dispatch.batch")).toBe(true);
});

test("debug lines are not counted", () => {
  expect(pointsOf((log) => log.debug("some.event"))).toEqual([]);
});

test("without a dataset nothing is observed", () => {
  expect(observeWith(undefined)).toBeUndefined();
});

/** Takes 250 points, as Analytics Engine does in one invocation, and throws at the next one. */
function limitedDataset(): Dataset & { readonly points: Point[] } {
  const points: Point[] = [];
  return {
    points,
    writeDataPoint(point) {
      if (points.length === 250) throw new Error("Analytics Engine write limit exceeded");
      points.push(point);
    },
  };
}

describe("an invocation that logs more lines than Analytics Engine takes", () => {
  const count = (points: readonly Point[], event: string): number =>
    points.reduce((sum, { blobs, doubles }) => sum + (blobs[0] === event ? (doubles[0] ?? 0) : 0), 0);

  test("fails nothing, and every line is counted", () => {
    const dataset = limitedDataset();
    const { observe, flush } = observeInvocation(dataset);
    const log = createLog({ debug: false, write: () => {}, observe });
    for (let line = 0; line < 1000; line++) log.info("recovery.delivery", { bytes: 2 });
    log.warn("recovery.delivery");
    flush();

    expect(dataset.points.length).toBeLessThanOrEqual(MAX_POINTS);
    expect(count(dataset.points, "recovery.delivery")).toBe(1001);
    expect(dataset.points.reduce((sum, { doubles }) => sum + (doubles[2] ?? 0), 0)).toBe(2000);
  });

  test("keeps within the limit whatever the lines count", () => {
    const dataset = limitedDataset();
    const { observe, flush } = observeInvocation(dataset);
    for (let line = 0; line < 1000; line++) observe("info", `event.${line}`, {});
    flush();

    expect(dataset.points.length).toBe(MAX_POINTS);
    expect(dataset.points.reduce((sum, { doubles }) => sum + (doubles[0] ?? 0), 0)).toBe(1000);
    expect(count(dataset.points, "others")).toBe(1000 - MAX_POINTS + 1);
  });

  test("says nothing without a dataset", () => {
    const { observe, flush } = observeInvocation(undefined);
    expect(() => observe("info", "some.event", {})).not.toThrow();
    expect(flush).not.toThrow();
  });
});

test("a dataset that throws fails nothing", () => {
  const dataset = limitedDataset();
  const observe = observeWith(dataset);
  for (let line = 0; line < 300; line++) observe?.("info", "some.event", {});
  expect(dataset.points.length).toBe(250);
});
