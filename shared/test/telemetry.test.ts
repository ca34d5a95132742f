import { describe, expect, test } from "vitest";
import { createLog, type LogFields } from "../src/telemetry/log.ts";
import { tally } from "../src/telemetry/tally.ts";
import { type Dataset, observeWith } from "../src/telemetry/telemetry.ts";

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

describe("what came of it is the third text", () => {
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
