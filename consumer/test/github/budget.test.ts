import type { BudgetPolicy } from "@webhook-gateway/shared/config/consumer.ts";
import { describe, expect, test } from "vitest";
import { amount } from "../../../test/support/amount.ts";
import fc from "../../../test/support/fast-check.ts";
import { type Budget, type Cost, LIMITS, settleLease, take, UNSPENT } from "../../src/github/budget.ts";
import { DOCUMENTED } from "../../src/github/pace.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** In the middle of a second, so that no window ends where a second does. */
const T0 = Date.UTC(2026, 10, 1, 12) + 700;

const CREATE: Cost = { points: 5, creates: true, minor: false };
const UPDATE: Cost = { points: 5, creates: false, minor: false };
const READ: Cost = { points: 1, creates: false, minor: false };
const minor = (wanted: Cost): Cost => ({ ...wanted, minor: true });

const many = (wanted: Cost, count: number): Cost[] => Array.from({ length: count }, () => wanted);

/** A budget in use: every request ends at once, unless it is held. */
function inUse(start: Budget = UNSPENT) {
  let budget = start;
  let leases = 0;
  return {
    ask(wanted: readonly Cost[], atMs: number, options: { readonly holdMs?: number } = {}) {
      const id = `lease-${++leases}`;
      const taken = take("strict", budget, { id, leaseMs: options.holdMs ?? MINUTE }, wanted, atMs);
      budget = options.holdMs === undefined ? settleLease(taken.budget, id, null, atMs) : taken.budget;
      return { id, granted: taken.granted.filter(Boolean).length, retryAtMs: taken.retryAtMs };
    },
    limit(untilMs: number) {
      budget = settleLease(budget, "none", { untilMs, secondary: false }, untilMs - 1);
    },
    end(id: string) {
      budget = settleLease(budget, id, null, T0);
    },
  };
}

/** Spends a kind over time, as much as there is at each moment. @returns how much in all */
function spendAt(budget: ReturnType<typeof inUse>, wanted: Cost, times: readonly number[]): number {
  return times.reduce((sum, atMs) => sum + budget.ask(many(wanted, 90), atMs).granted, 0);
}

describe("grants exactly", () => {
  test.each([
    ["80 requests that create something, in a minute", CREATE, DOCUMENTED.createsPerMinute, MINUTE],
    ["180 writes of 5 points, in a minute", UPDATE, LIMITS.pointsPerMinute / 5, MINUTE],
    ["900 reads, in a minute", READ, LIMITS.pointsPerMinute, MINUTE],
    ["60 minor ones that create something, in a minute", minor(CREATE), 60, MINUTE],
    ["675 minor reads, in a minute", minor(READ), 675, MINUTE],
  ])("%s", (_, wanted, limit, windowMs) => {
    const budget = inUse();
    expect(spendAt(budget, wanted, Array(20).fill(T0))).toBe(limit);
    expect(budget.ask([wanted], T0)).toMatchObject({ granted: 0, retryAtMs: T0 + windowMs });
    expect(budget.ask([wanted], T0 + windowMs - 1).granted).toBe(0);
    expect(spendAt(budget, wanted, Array(20).fill(T0 + windowMs))).toBe(limit);
  });

  test("500 requests that create something, in an hour", () => {
    const budget = inUse();
    const minutes = Array.from({ length: 7 }, (_, index) => T0 + index * MINUTE);
    expect(spendAt(budget, CREATE, minutes)).toBe(DOCUMENTED.createsPerHour);
    expect(budget.ask([CREATE], T0 + 10 * MINUTE)).toMatchObject({ granted: 0, retryAtMs: T0 + HOUR });
    expect(budget.ask([UPDATE, READ], T0 + 10 * MINUTE).granted).toBe(2);
    expect(budget.ask([CREATE], T0 + HOUR - 1).granted).toBe(0);
    expect(budget.ask(many(CREATE, 90), T0 + HOUR).granted).toBe(80);
  });

  test("no earlier for a consumer whose clock is behind", () => {
    const budget = inUse();
    expect(budget.ask(many(READ, 50), T0).granted).toBe(50);
    for (let call = 0; call < 10; call++) budget.ask(many(READ, 85), T0 - 2000);
    expect(budget.ask([READ], T0 + MINUTE - 1)).toMatchObject({ granted: 0, retryAtMs: T0 + MINUTE });
    expect(budget.ask([READ], T0 + MINUTE).granted).toBe(1);
  });

  test("100 requests at once, whatever their kind", () => {
    const budget = inUse();
    const held = budget.ask(many(READ, 60), T0, { holdMs: MINUTE });
    expect(budget.ask(many(READ, 60), T0 + 1, { holdMs: MINUTE })).toMatchObject({
      granted: LIMITS.requestsAtOnce - 60,
      retryAtMs: T0 + 1001,
    });
    expect(budget.ask([READ], T0 + 2).granted).toBe(0);
    budget.end(held.id);
    expect(budget.ask(many(READ, 90), T0 + 3).granted).toBe(60);
  });
});

test("frees a window little by little", () => {
  const budget = inUse();
  expect(budget.ask(many(CREATE, 30), T0).granted).toBe(30);
  expect(budget.ask(many(CREATE, 50), T0 + 20_000).granted).toBe(50);
  expect(budget.ask([CREATE], T0 + 59_999)).toMatchObject({ granted: 0, retryAtMs: T0 + MINUTE });
  expect(budget.ask(many(CREATE, 90), T0 + MINUTE)).toMatchObject({ granted: 30, retryAtMs: T0 + 80_000 });
});

test("keeps a quarter of each limit for what is not minor", () => {
  const budget = inUse();
  const mixed = [...many(minor(CREATE), 70), ...many(CREATE, 30)];
  const { granted, retryAtMs } = take("strict", UNSPENT, { id: "one", leaseMs: MINUTE }, mixed, T0);
  expect(granted.slice(0, 70).filter(Boolean)).toHaveLength(60);
  expect(granted.slice(70).filter(Boolean)).toHaveLength(20);
  expect(retryAtMs).toBe(T0 + MINUTE);
  expect(budget.ask(many(minor(READ), 700), T0, {}).granted).toBe(LIMITS.requestsAtOnce);
});

test("grants the first ones first, and those behind them that a limit does not meet", () => {
  const budget = inUse();
  budget.ask(many(CREATE, 79), T0);
  const { granted } = take("strict", UNSPENT, { id: "a", leaseMs: 1 }, [CREATE, UPDATE], T0);
  expect(granted).toEqual([true, true]);
  expect(budget.ask([CREATE, CREATE, UPDATE, READ], T0)).toMatchObject({ granted: 3 });
});

test("grants nothing while GitHub has asked not to be asked, and never forgets the longer wait", () => {
  const budget = inUse();
  budget.limit(T0 + 30_000);
  budget.limit(T0 + 10_000);
  expect(budget.ask([READ, CREATE], T0 + 29_999)).toMatchObject({ granted: 0, retryAtMs: T0 + 30_000 });
  expect(budget.ask([READ], T0 + 30_000).granted).toBe(1);
});

test("takes back a lease that has run out, but not what was spent under it", () => {
  const budget = inUse();
  expect(budget.ask(many(CREATE, 80), T0, { holdMs: 10_000 }).granted).toBe(80);
  expect(budget.ask(many(READ, 90), T0 + 9_999)).toMatchObject({ granted: 20, retryAtMs: T0 + 10_999 });
  expect(budget.ask(many(READ, 100), T0 + 10_000).granted).toBe(100);
  expect(budget.ask([CREATE], T0 + 10_000).granted).toBe(0);
});

describe("of the quota that GitHub tells, a request in the background leaves a quarter", () => {
  const BACKGROUND: Cost = { ...READ, minor: true, background: true };
  const RESET = T0 + 30 * MINUTE;
  const told = (remaining: number, limit = 15_000): Budget =>
    settleLease(UNSPENT, "none", null, T0, { limit, remaining, resetMs: RESET });
  const ask = (policy: BudgetPolicy, budget: Budget, wanted: readonly Cost[], atMs: number) => {
    const { granted, retryAtMs } = take(policy, budget, { id: "one", leaseMs: 1 }, wanted, atMs);
    return [granted.filter(Boolean).length, retryAtMs];
  };

  test.each<[string, Budget, number, number]>([
    ["nothing was told", UNSPENT, T0, 25],
    ["much is left", told(15_000), T0, 25],
    ["the share is left, and 24 more", told(3774), T0, 25],
    ["the share is left, and 9 more", told(3759), T0, 10],
    ["the share is left", told(3750), T0, 1],
    ["less is left", told(3749), T0, 0],
    ["nothing is left", told(0), T0, 0],
    ["less was left, until just before the reset", told(0), RESET - 1, 0],
    ["less was left, before the reset", told(0), RESET, 25],
    ["less than a quarter of another limit is left", told(1249, 5000), T0, 0],
    ["a quarter of another limit is left", told(1250, 5000), T0, 1],
  ])("%s", (_, budget, atMs, granted) => {
    for (const policy of ["adaptive", "strict", "off"] as const) {
      const retryAtMs = granted === 25 ? null : RESET;
      expect(ask(policy, budget, many(BACKGROUND, 25), atMs)).toEqual([granted, retryAtMs]);
    }
  });

  test.each([
    ["an end", CREATE],
    ["a beginning", minor(CREATE)],
    ["a question", READ],
  ])("%s may use all of it", (_, wanted) => {
    expect(ask("strict", told(1), many(wanted, 10), T0)).toEqual([10, null]);
    const mixed = take("strict", told(1), { id: "one", leaseMs: 1 }, [BACKGROUND, wanted], T0);
    expect(mixed).toMatchObject({ granted: [false, true], retryAtMs: RESET });
  });

  test("stays as it was told until GitHub tells another one", () => {
    const settled = settleLease(told(10), "none", null, T0 + 1);
    expect(settled.quota).toMatchObject({ remaining: 10 });
    const quota = { limit: 15_000, remaining: 14_999, resetMs: RESET + HOUR };
    expect(settleLease(settled, "none", null, T0 + 2, quota).quota).toEqual(quota);
  });
});

describe("what is reserved", () => {
  const reserve = (budget: Budget, wanted: readonly Cost[], atMs: number, atOnce = 1) =>
    take("strict", budget, { id: "ahead", leaseMs: MINUTE, atOnce }, wanted, atMs);
  const grantedAt = (budget: Budget, atMs: number) =>
    take(
      "strict",
      { ...budget, leases: [] },
      { id: "two", leaseMs: 1, atOnce: 1 },
      many(READ, 900),
      atMs,
    ).granted.filter(Boolean).length;

  test("counts from when it was reserved until a minute after it was settled", () => {
    const before = take("strict", UNSPENT, { id: "before", leaseMs: 1 }, many(READ, 30), T0).budget;
    const { budget } = reserve(before, many(READ, 25), T0 + 200);
    expect(grantedAt(budget, T0 + 10_000)).toBe(845);
    const settled = settleLease(budget, "ahead", null, T0 + 10_000);
    expect(grantedAt(settled, T0 + 10_000)).toBe(845);
    expect(grantedAt(settled, T0 + MINUTE + 9_999)).toBe(875);
    expect(grantedAt(settled, T0 + MINUTE + 10_000)).toBe(900);
  });

  test("takes no more of the requests at once than it sends at once", () => {
    const start = take("strict", UNSPENT, { id: "before", leaseMs: MINUTE }, many(READ, 98), T0).budget;
    const { budget, granted } = reserve(start, many(READ, 25), T0, 2);
    expect(granted.filter(Boolean)).toHaveLength(25);
    const after = take("strict", budget, { id: "after", leaseMs: MINUTE }, [READ], T0);
    expect(after).toMatchObject({ granted: [false], retryAtMs: T0 + 1000 });
  });

  test("stays spent if it is never settled, and ends with its lease", () => {
    const { budget } = reserve(UNSPENT, many(READ, 25), T0);
    const { budget: later } = take("strict", budget, { id: "two", leaseMs: 1 }, [], T0 + MINUTE - 1);
    expect(later.leases).toHaveLength(1);
    expect(grantedAt(later, T0 + MINUTE - 1)).toBe(875);
    expect(take("strict", later, { id: "two", leaseMs: 1 }, [], T0 + MINUTE).budget.leases).toEqual([]);
  });
});

test("spends nothing on what it refuses", () => {
  const budget = inUse();
  budget.ask(many(CREATE, 80), T0);
  for (let n = 0; n < 50; n++) budget.ask(many(CREATE, 90), T0 + n);
  expect(budget.ask(many(UPDATE, 100), T0 + 100).granted).toBe(100);
});

test.each([
  ["an hour of what creates something", CREATE, 3600],
  ["a minute of what only reads", READ, 60],
])("remembers %s, by the second", (_, kind, seconds) => {
  let budget = UNSPENT;
  for (let second = 0; second < 5000; second++) {
    ({ budget } = take("off", budget, { id: "one", leaseMs: 1 }, [kind, kind], T0 + second * 1000));
  }
  expect(budget.spent).toHaveLength(seconds);
});

const kinds = fc.constantFrom(CREATE, UPDATE, READ, minor(CREATE), minor(READ));
const group = fc.record({ kind: kinds, count: fc.integer({ min: 1, max: 100 }) });
const moment = fc.record({
  afterMs: fc.oneof(
    fc.integer({ min: 0, max: 1500 }),
    fc.integer({ min: 58_500, max: 60_500 }),
    fc.constantFrom(3_540_000, 3_599_999),
  ),
  wanted: fc.array(group, { minLength: 1, maxLength: 3 }).map(join),
});

function join(groups: readonly { readonly kind: Cost; readonly count: number }[]): Cost[] {
  return groups.flatMap(({ kind, count }) => many(kind, count));
}

type Sent = { readonly atMs: number; readonly wanted: Cost };

/** What is granted at these moments, where every request ends at once. */
function replay(moments: readonly { readonly afterMs: number; readonly wanted: readonly Cost[] }[]) {
  let budget = UNSPENT;
  let nowMs = T0;
  const sent: Sent[] = [];
  for (const { afterMs, wanted } of moments) {
    nowMs += afterMs;
    const taken = take("strict", budget, { id: "one", leaseMs: 1 }, wanted, nowMs);
    budget = settleLease(taken.budget, "one", null, nowMs);
    for (const [index, one] of wanted.entries()) {
      if (taken.granted[index]) sent.push({ atMs: nowMs, wanted: one });
    }
  }
  return { budget, nowMs, sent };
}

test("never lets a window of any limit, wherever it begins, hold more than the limit", () => {
  let fullest = 0;
  fc.assert(
    fc.property(fc.array(moment, { maxLength: 15 }), (moments) => {
      const { sent } = replay(moments);
      const within = (endMs: number, windowMs: number) =>
        sent.filter(({ atMs }) => atMs <= endMs && atMs > endMs - windowMs).map(({ wanted }) => wanted);
      const creates = (list: readonly Cost[]) => list.filter((wanted) => wanted.creates).length;
      for (const endMs of new Set(sent.map(({ atMs }) => atMs))) {
        const minute = within(endMs, MINUTE);
        const points = minute.reduce((sum, wanted) => sum + wanted.points, 0);
        fullest = Math.max(fullest, points);
        expect(points).toBeLessThanOrEqual(900);
        expect(creates(minute)).toBeLessThanOrEqual(80);
        expect(creates(within(endMs, HOUR))).toBeLessThanOrEqual(500);
      }
    }),
    { numRuns: amount(300) },
  );
  expect(fullest).toBeGreaterThan(0);
});

test("grants what was refused at the time that it names, and no sooner", () => {
  let refused = 0;
  fc.assert(
    fc.property(fc.array(moment, { minLength: 1, maxLength: 15 }), kinds, (moments, wanted) => {
      const { budget, nowMs } = replay(moments);
      const at = (ms: number) => take("strict", budget, { id: "two", leaseMs: 1 }, [wanted], ms);
      const { granted, retryAtMs } = at(nowMs);
      expect(retryAtMs === null).toBe(granted[0]);
      if (retryAtMs === null) return;
      refused++;
      expect([at(retryAtMs - 1).granted, at(retryAtMs).granted]).toEqual([[false], [true]]);
    }),
    { numRuns: amount(300) },
  );
  expect(refused).toBeGreaterThan(0);
});
