import { describe, expect, test } from "vitest";
import type { Failure, FailureClass } from "../../src/domain/failure.ts";
import {
  type CallOutcome,
  type ClosedGate,
  type Gate,
  gateAfterHealth,
  nextGate,
  OPEN_GATE,
} from "../../src/domain/gate.ts";

const NOW_MS = Date.UTC(2026, 10, 1, 12);
const at = (seconds: number) => new Date(NOW_MS + seconds * 1000).toISOString();

const SERVED: CallOutcome = { served: true, closing: undefined, unavailable: undefined };
const UNAVAILABLE: CallOutcome = {
  served: false,
  closing: undefined,
  unavailable: { class: "retryable", error: "no answer" },
};
const NOTHING: CallOutcome = { served: false, closing: undefined, unavailable: undefined };
const closing = (failureClass: FailureClass, retryAfterMs?: number): CallOutcome => {
  const failure: Failure = { class: failureClass, error: "no" };
  return {
    served: false,
    unavailable: undefined,
    closing: retryAfterMs === undefined ? failure : { ...failure, retryAfterMs },
  };
};

function secondsClosed(gate: Gate): number {
  if (gate.state === "open") return 0;
  return (Date.parse(gate.until) - NOW_MS) / 1000;
}

function closed(reason: ClosedGate["reason"], step: number, until = at(-1)): ClosedGate {
  return { state: "closed", reason, detail: "no", since: at(-600), until, step };
}

describe("a gate found closed again and again", () => {
  test.each([
    ["backpressure", [10, 20, 40, 80, 160, 300, 300, 300]],
    ["configuration", [10, 20, 40, 60, 60, 60]],
  ] as const)("stays closed for longer each time, up to a limit: %s", (reason, seconds) => {
    let gate: Gate = OPEN_GATE;
    const waits = seconds.map(() => {
      gate = nextGate(gate, closing(reason), NOW_MS);
      return secondsClosed(gate);
    });
    expect(waits).toEqual(seconds);
  });

  test("keeps since when it was closed, and counts its steps", () => {
    const first = nextGate(OPEN_GATE, closing("backpressure"), NOW_MS);
    expect(first).toMatchObject({
      state: "closed",
      reason: "backpressure",
      since: at(0),
      step: 1,
      detail: "no",
    });
    expect(nextGate(first, closing("backpressure"), NOW_MS + 60_000)).toMatchObject({
      since: at(0),
      step: 2,
    });
  });

  test("begins anew when the reason changes", () => {
    const gate = nextGate(closed("backpressure", 5), closing("configuration"), NOW_MS);
    expect(gate).toMatchObject({ reason: "configuration", step: 1, since: at(-600) });
    expect(secondsClosed(gate)).toBe(10);
  });
});

test("does what Retry-After says instead of its own delay", () => {
  expect(secondsClosed(nextGate(OPEN_GATE, closing("backpressure", 3_000), NOW_MS))).toBe(3);
  expect(secondsClosed(nextGate(closed("backpressure", 6), closing("backpressure", 600_000), NOW_MS))).toBe(
    600,
  );
});

test.each([
  ["backpressure", 600],
  ["unavailable", 600],
  ["configuration", 60],
] as const)("honors no Retry-After beyond what a closure as %s may last, %i s", (reason, seconds) => {
  const failureClass = reason === "unavailable" ? "retryable" : reason;
  const failure = { class: failureClass, error: "no", retryAfterMs: 86_400_000 } as const;
  const callOutcome =
    reason === "unavailable"
      ? { served: false, closing: undefined, unavailable: failure }
      : { served: false, closing: failure, unavailable: undefined };
  let gate: Gate = OPEN_GATE;
  // Asked again and again for a day, it is probed again and again.
  for (let probe = 1; probe <= 3; probe++) {
    gate = nextGate(gate, callOutcome, NOW_MS);
    expect(secondsClosed(gate)).toBe(seconds);
    expect(gate).toMatchObject({ step: probe });
  }
});

test("stays closed for at least a second if Retry-After asks for none", () => {
  expect(secondsClosed(nextGate(OPEN_GATE, closing("backpressure", 0), NOW_MS))).toBe(1);
});

test.each([OPEN_GATE, closed("backpressure", 4), closed("configuration", 2), closed("unavailable", 2)])(
  "is opened by success",
  (gate) => {
    expect(nextGate(gate, SERVED, NOW_MS)).toEqual(OPEN_GATE);
  },
);

test("closes for the first delay if some were served and the rest found it full", () => {
  const gate = nextGate(closed("backpressure", 4), { ...closing("backpressure"), served: true }, NOW_MS);
  expect(gate).toMatchObject({ state: "closed", step: 1 });
  expect(secondsClosed(gate)).toBe(10);
});

test.each([OPEN_GATE, closed("backpressure", 3)])("closes, whatever it was, if no answer came", (gate) => {
  const next = nextGate(gate, UNAVAILABLE, NOW_MS);
  expect(next).toMatchObject({ state: "closed", reason: "unavailable", step: 1, detail: "no answer" });
  expect(secondsClosed(next)).toBe(5);
});

test("stays closed for longer each time that no answer comes", () => {
  expect(secondsClosed(nextGate(closed("unavailable", 2), UNAVAILABLE, NOW_MS))).toBe(20);
  expect(secondsClosed(nextGate(closed("unavailable", 9), UNAVAILABLE, NOW_MS))).toBe(600);
});

test("is left as it is by a dispatch that found nothing", () => {
  const gate = closed("backpressure", 3);
  expect(nextGate(gate, NOTHING, NOW_MS)).toBe(gate);
});

describe("the gate of a server that was asked for its health", () => {
  const down = { ...closed("unavailable", 3, at(60)), down: true };

  test.each([
    [
      "stays closed until it is asked again if it is down",
      closed("unavailable", 3),
      false,
      { down: true, until: at(150) },
    ],
    [
      "waits for no less than before if it is down",
      closed("unavailable", 3, at(600)),
      false,
      { down: true, until: at(600) },
    ],
    ["is probed at once if it was down and is up again", down, true, { down: false, until: at(0), step: 3 }],
  ] as const)("%s", (_, gate, isUp, expected) => {
    expect(gateAfterHealth(gate, isUp, NOW_MS)).toMatchObject(expected);
  });

  test.each([
    ["was never down", closed("unavailable", 3, at(600)), true],
    ["is full", closed("backpressure", 3), false],
    ["refuses the configuration", closed("configuration", 3), false],
    ["is called", OPEN_GATE, false],
  ] as const)("does not change if it %s", (_, gate, isUp) => {
    expect(gateAfterHealth(gate, isUp, NOW_MS)).toBeUndefined();
  });

  test("forgets that it was down once something was sent", () => {
    expect(nextGate(down, UNAVAILABLE, NOW_MS)).not.toHaveProperty("down");
  });
});
