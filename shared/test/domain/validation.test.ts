import { describe, expect, test } from "vitest";
import fc from "../../../test/support/fast-check.ts";
import {
  type Conclusion,
  GRAINCHAIN_STATUSES,
  isFinal,
  LIVE_STATES,
  type Signal,
  transition,
  VALIDATION_STATES,
  type ValidationState,
} from "../../src/domain/validation.ts";

const SIGNALS: Readonly<Record<string, Signal>> = {
  claimed: { type: "claimed" },
  returned: { type: "returned" },
  pending: { type: "status", status: "pending", success: true },
  running: { type: "status", status: "running", success: true },
  success: { type: "status", status: "completed", success: true },
  failure: { type: "status", status: "completed", success: false },
  broke: { type: "status", status: "failed", success: false },
  "cancelled there": { type: "status", status: "cancelled", success: true },
  superseded: { type: "superseded" },
  cancelled: { type: "cancelled" },
  timed_out: { type: "timed_out" },
  died: { type: "died" },
  lost: { type: "lost" },
  replayed: { type: "replayed" },
};

const END: Readonly<Record<string, ValidationState>> = {
  success: "completed",
  failure: "completed",
  broke: "failed",
  "cancelled there": "cancelled",
  superseded: "superseded",
  cancelled: "cancelled",
  timed_out: "timed_out",
};

/** Where each live state is led; a signal that is not named leaves it where it is. */
const MOVES: Readonly<Record<(typeof LIVE_STATES)[number], Readonly<Record<string, ValidationState>>>> = {
  queued: { ...END, claimed: "dispatching", pending: "pending", running: "running", died: "dead" },
  dispatching: { ...END, returned: "queued", pending: "pending", running: "running", died: "dead" },
  pending: { ...END, running: "running", lost: "queued" },
  running: { ...END, lost: "queued" },
};

const standing = (state: ValidationState, conclusion: Conclusion | null = null) => ({ state, conclusion });
const CONCLUSIONS: Readonly<Record<string, Conclusion>> = { success: "success", failure: "failure" };

describe.each(LIVE_STATES)("a validation that is %s", (state) => {
  test.each(Object.entries(SIGNALS))("has one move for: %s", (name, signal) => {
    const to = MOVES[state][name];
    expect(transition(standing(state), signal)).toEqual({
      state: to ?? state,
      conclusion: to === undefined ? null : (CONCLUSIONS[name] ?? null),
      moved: to !== undefined,
    });
  });
});

describe.each(VALIDATION_STATES.filter(isFinal))("a validation that is %s", (state) => {
  const others = Object.entries(SIGNALS).filter(([name]) => !(state === "dead" && name === "replayed"));
  test.each(others)("never changes on: %s", (_name, signal) => {
    for (const conclusion of [null, "success", "failure"] as const) {
      expect(transition(standing(state, conclusion), signal)).toEqual({ state, conclusion, moved: false });
    }
  });
});

describe("a dead validation that is replayed", () => {
  test("waits again, and may go wherever what waits may go", () => {
    const again = transition(standing("dead"), { type: "replayed" });
    expect(again).toEqual({ state: "queued", conclusion: null, moved: true });
    for (const [name, signal] of Object.entries(SIGNALS)) {
      expect(transition(again, signal).state).toBe(MOVES.queued[name] ?? "queued");
    }
  });

  test("comes back to an end, or waits, whatever happens to it", () => {
    const signals = fc.array(fc.constantFrom(...Object.values(SIGNALS)), { maxLength: 30 });
    fc.assert(
      fc.property(signals, (happens) => {
        const states: ValidationState[] = ["queued"];
        for (const signal of happens) {
          states.push(transition(standing(states.at(-1) ?? "queued"), signal).state);
        }
        for (const [index, state] of states.entries()) {
          const next = states[index + 1];
          // The only end that is left is death, and that only for the queue.
          if (next !== undefined && next !== state && isFinal(state)) {
            expect([state, next, happens[index]?.type]).toEqual(["dead", "queued", "replayed"]);
          }
        }
      }),
    );
  });
});

test("knows exactly the states that may still change", () => {
  expect(VALIDATION_STATES.filter((state) => !isFinal(state))).toEqual([
    "held",
    "queued",
    "dispatching",
    "pending",
    "running",
  ]);
});

test("only goes forward on Grainchain's word, whatever its order, and stops at the first end", () => {
  const words = fc.array(
    fc.record({
      type: fc.constant("status" as const),
      status: fc.constantFrom(...GRAINCHAIN_STATUSES),
      success: fc.boolean(),
    }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...LIVE_STATES), words, (from, signals) => {
      const path: ReturnType<typeof transition>[] = [];
      for (const signal of signals) path.push(transition(path.at(-1) ?? standing(from), signal));
      const ranks = path.map(({ state }) => VALIDATION_STATES.indexOf(state));
      expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
      const end = signals.find(({ status }) => ["completed", "failed", "cancelled"].includes(status));
      const reached = [from, ...signals.map(({ status }) => status)];
      const furthest =
        VALIDATION_STATES[Math.max(...reached.map((state) => VALIDATION_STATES.indexOf(state)))];
      expect(path.at(-1)?.state ?? from).toBe(end?.status ?? furthest);
    }),
  );
});
