import { describe, expect, test } from "vitest";
import { amount } from "../../../test/support/amount.ts";
import fc from "../../../test/support/fast-check.ts";
import { type Budget, type Cost, settleLease, take, UNSPENT } from "../../src/github/budget.ts";
import { CALM_MS, CEILING, DOCUMENTED, FLOOR, RAISE } from "../../src/github/pace.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const T0 = Date.UTC(2026, 10, 1, 12) + 700;
const CREATE: Cost = { points: 5, creates: true, minor: false };

/** A credential with a backlog that never ends, and a GitHub that objects when more than this was created. */
function underLoad(
  github: { readonly perMinute: number; readonly perHour: number },
  start: Budget = UNSPENT,
) {
  let budget = start;
  let nowMs = T0;
  const sent: number[] = [];
  let objections = 0;
  const since = (ms: number) => sent.length - 1 - sent.findLastIndex((atMs) => atMs <= nowMs - ms);

  /** Sends what is granted, and asks again when the refusal says so. */
  function ask(): void {
    const taken = take("adaptive", budget, { id: "one", leaseMs: 1 }, Array(20).fill(CREATE), nowMs);
    budget = taken.budget;
    const granted = taken.granted.filter(Boolean).length;
    const isTooMuch =
      granted > 0 && (since(MINUTE) + granted > github.perMinute || since(HOUR) + granted > github.perHour);
    if (isTooMuch) objections++;
    else for (let one = 0; one < granted; one++) sent.push(nowMs);
    const limit = isTooMuch ? { untilMs: nowMs + MINUTE, secondary: true } : null;
    budget = settleLease(budget, "one", limit, nowMs);
    nowMs = Math.max(nowMs + 1, limit?.untilMs ?? 0, granted === 0 ? (taken.retryAtMs ?? 0) : 0);
  }

  return {
    run(untilMs: number) {
      while (nowMs < untilMs) ask();
      return { sent, objections, budget };
    },
  };
}

const NEVER = { perMinute: Number.POSITIVE_INFINITY, perHour: Number.POSITIVE_INFINITY };

test("begins with what GitHub documents", () => {
  expect(underLoad(NEVER).run(T0 + MINUTE - 1).sent).toHaveLength(DOCUMENTED.createsPerMinute);
});

test("creates more every minute while GitHub does not object, up to the ceiling", () => {
  const { sent } = underLoad(NEVER).run(T0 + 3 * HOUR);
  const during = (fromMs: number, ms: number) =>
    sent.filter((atMs) => atMs >= fromMs && atMs < fromMs + ms).length;
  expect(during(T0, HOUR)).toBeGreaterThan(3 * DOCUMENTED.createsPerHour);
  expect(during(T0, HOUR)).toBeLessThanOrEqual(CEILING.createsPerHour);
  expect(during(T0 + 2 * HOUR, HOUR)).toBeGreaterThan(0.9 * CEILING.createsPerHour);
  const spans = (count: number) => sent.map((atMs, at) => (sent[at + count] ?? Infinity) - atMs);
  expect(Math.min(...spans(CEILING.createsPerMinute))).toBeGreaterThanOrEqual(MINUTE);
  expect(Math.min(...spans(DOCUMENTED.createsPerMinute))).toBeLessThan(MINUTE);
});

test("creates no more than is needed, so a quiet day raises nothing", () => {
  let budget = UNSPENT;
  for (let minute = 0; minute < 24 * 60; minute++) {
    const taken = take("adaptive", budget, { id: "one", leaseMs: 1 }, [CREATE], T0 + minute * MINUTE);
    budget = settleLease(taken.budget, "one", null, T0 + minute * MINUTE);
  }
  expect(budget.pace).toMatchObject(DOCUMENTED);
});

describe("an objection", () => {
  const ask = (budget: Budget, atMs: number, costs: Cost[] = Array(100).fill(CREATE)) => {
    const taken = take("adaptive", budget, { id: "one", leaseMs: 1 }, costs, atMs);
    return { ...taken, granted: taken.granted.filter(Boolean).length };
  };
  const objected = (budget: Budget, atMs: number, untilMs = atMs + MINUTE) =>
    settleLease(budget, "one", { untilMs, secondary: true }, atMs);

  test("halves what may be created, once for all that was under way", () => {
    let { budget } = ask(UNSPENT, T0);
    for (const afterMs of [0, 1, 2000]) budget = objected(budget, T0 + afterMs);
    expect(budget.pace).toMatchObject({ createsPerMinute: 40, createsPerHour: 250 });
    expect(ask(budget, T0 + MINUTE)).toMatchObject({ granted: 0, retryAtMs: T0 + MINUTE + 2000 });
    expect(ask(budget, T0 + MINUTE + 2000).granted).toBe(40);
  });

  test("is followed by a calm before more is tried", () => {
    const budget = objected(ask(UNSPENT, T0).budget, T0);
    const calmMs = T0 + MINUTE + CALM_MS;
    expect(ask(budget, calmMs - 1).granted).toBe(40);
    expect(ask(budget, calmMs).granted).toBe(40 + RAISE.createsPerMinute);
  });

  test("never leaves less than a little", () => {
    let budget = ask(UNSPENT, T0).budget;
    for (let hour = 1; hour < 10; hour++) budget = objected(budget, T0 + hour * HOUR);
    expect(budget.pace).toMatchObject(FLOOR);
    expect(ask(budget, T0 + 9 * HOUR + MINUTE).granted).toBe(FLOOR.createsPerMinute);
  });

  test("is not a quota that is used up: that is waited for, and changes nothing", () => {
    const { budget } = ask(UNSPENT, T0);
    const waiting = settleLease(budget, "one", { untilMs: T0 + HOUR, secondary: false }, T0);
    expect(waiting.pace).toEqual(budget.pace);
    expect(ask(waiting, T0 + HOUR - 1)).toMatchObject({ granted: 0, retryAtMs: T0 + HOUR });
    expect(ask(waiting, T0 + HOUR).granted).toBeGreaterThan(0);
  });
});

test("settles below a limit that GitHub does not document, whatever it is, and objects seldom", () => {
  fc.assert(
    fc.property(
      fc.record({
        perMinute: fc.integer({ min: 60, max: 300 }),
        perHour: fc.integer({ min: 400, max: 8000 }),
      }),
      (github) => {
        const { sent, objections } = underLoad(github).run(T0 + 4 * HOUR);
        const lastHours = sent.filter((atMs) => atMs >= T0 + 2 * HOUR).length / 2;
        const most = Math.min(github.perHour, 60 * github.perMinute, CEILING.createsPerHour);
        expect(lastHours).toBeGreaterThan(0.2 * most);
        expect(lastHours).toBeLessThanOrEqual(most * 1.3);
        expect(objections).toBeLessThan(40);
      },
    ),
    { numRuns: amount(10) },
  );
});

describe("by policy", () => {
  const ask = (policy: "adaptive" | "strict" | "off", budget: Budget, count: number, atMs: number) => {
    const taken = take(policy, budget, { id: "one", leaseMs: 1 }, Array(count).fill(CREATE), atMs);
    return {
      granted: taken.granted.filter(Boolean).length,
      budget: settleLease(taken.budget, "one", null, atMs),
    };
  };

  test("strict never creates more than GitHub documents", () => {
    let budget = UNSPENT;
    const granted = Array.from({ length: 60 }, (_, minute) => {
      const taken = ask("strict", budget, 90, T0 + minute * MINUTE);
      budget = taken.budget;
      return taken.granted;
    });
    expect(granted.slice(0, 7)).toEqual([80, 80, 80, 80, 80, 80, 20]);
    expect(granted.slice(7)).toEqual(Array(53).fill(0));
  });

  test("off limits nothing, but still waits for GitHub", () => {
    const { granted, budget } = ask("off", UNSPENT, 2000, T0);
    expect(granted).toBe(2000);
    const limited = settleLease(budget, "one", { untilMs: T0 + 5000, secondary: true }, T0);
    expect(ask("off", limited, 1, T0 + 4999).granted).toBe(0);
    expect(ask("off", limited, 1000, T0 + 5000).granted).toBe(1000);
  });
});
