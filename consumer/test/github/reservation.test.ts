import type { Credential, RateLimits } from "@webhook-gateway/shared/github/client.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import pLimit from "p-limit";
import { describe, expect, test } from "vitest";
import { READ } from "../../src/github/ask.ts";
import { type Budget, settleLease, take, UNSPENT } from "../../src/github/budget.ts";
import { withReservation } from "../../src/github/reservation.ts";
import { type SendDeps, sendWithinBudgets } from "../../src/github/send.ts";

const T0 = Date.UTC(2026, 10, 1, 12) + 700;
const INSTALLATION: Credential = { kind: "installation", id: 7 };

/** A budget whose calls are counted, and reads of so many milliseconds. */
function world(readMs = 100) {
  const budgets = new Map<string, Budget>();
  const of = (name: string) => budgets.get(name) ?? UNSPENT;
  const calls: string[] = [];
  const lines: string[] = [];
  let nowMs = T0;
  let ids = 0;
  const deps: SendDeps = {
    budgets: {
      async take(name, lease, costs, atMs) {
        const { budget, ...grant } = take("strict", of(name), lease, costs, atMs);
        budgets.set(name, budget);
        calls.push(`take ${costs.length}`);
        return grant;
      },
      async settle(name, leaseId, limit, atMs, quota) {
        budgets.set(name, settleLease(of(name), leaseId, limit, atMs, quota));
        calls.push(limit === null ? "settle" : "settle with a limit");
      },
    },
    log: createLog({ debug: false, write: (_, line) => void lines.push(line) }),
    now: () => new Date(nowMs),
    newId: () => `lease-${++ids}`,
    atOnce: pLimit(2),
  };
  return {
    deps,
    calls,
    lines,
    pass: (ms: number) => {
      nowMs += ms;
    },
    budgetOf: (credential: Credential = INSTALLATION) =>
      of(credential.kind === "installation" ? `installation:${credential.id}` : credential.kind),
    /** Reads one thing. @returns whether it was sent */
    async read(its: SendDeps, credential: Credential = INSTALLATION, { limit, quota }: RateLimits = {}) {
      const perform = async () => {
        nowMs += readMs;
        return { sent: true };
      };
      const [result] = await sendWithinBudgets(its, [{ credential, cost: READ, perform }], () => ({
        limit,
        quota,
      }));
      return result !== undefined && "sent" in result;
    },
  };
}

test("a batch begins nothing more once it has taken a minute", async () => {
  const { deps, pass } = world();
  const sendings = Array.from({ length: 9 }, (_, index) => ({
    credential: { kind: "installation", id: index % 3 } as const,
    cost: READ,
    perform: async () => {
      pass(25_000);
      return { sent: true };
    },
  }));
  const results = await sendWithinBudgets(deps, sendings, () => ({}));
  expect(results.filter((result) => "sent" in result)).toHaveLength(3);
  expect(results.filter((result) => "isSlow" in result)).toHaveLength(6);
});

const times = (count: number, perform: () => Promise<unknown>) =>
  Array.from({ length: count }).reduce<Promise<unknown>>((before) => before.then(perform), Promise.resolve());

describe("calls the budget", () => {
  test.each([
    ["once for what is needed", 3, 3, ["take 3", "settle"]],
    ["for 25 at most", 30, 30, ["take 25", "settle", "take 5", "settle"]],
    [
      "one by one for what was not foreseen",
      2,
      4,
      ["take 2", "settle", "take 1", "settle", "take 1", "settle"],
    ],
    ["once though less was needed", 10, 4, ["take 10", "settle"]],
    ["not at all if nothing is sent", 10, 0, []],
  ])("%s", async (_, needed, sent, expected) => {
    const { deps, calls, read, budgetOf } = world();
    await withReservation(deps, needed, (its) => times(sent, () => read(its)));
    expect(calls).toEqual(expected);
    expect(budgetOf().leases).toEqual([]);
  });

  test("again after ten seconds, because others may have met a limit", async () => {
    const { deps, calls, read } = world(4000);
    await withReservation(deps, 5, (its) => times(5, () => read(its)));
    expect(calls).toEqual(["take 5", "settle", "take 2", "settle"]);
  });

  test("again for another credential", async () => {
    const { deps, calls, read, budgetOf } = world();
    await withReservation(deps, 4, async (its) => {
      await read(its);
      await read(its, { kind: "app" });
    });
    expect(calls).toEqual(["take 4", "settle", "take 3", "settle"]);
    expect([budgetOf().leases, budgetOf({ kind: "app" }).leases]).toEqual([[], []]);
  });
});

test("tells a limit at once, and sends nothing of what is left", async () => {
  const { deps, calls, read } = world();
  const limit = { untilMs: T0 + 60_000, secondary: true };
  await withReservation(deps, 10, async (its) => {
    expect(await read(its, INSTALLATION, { limit })).toBe(true);
    expect(calls).toEqual(["take 10", "settle with a limit"]);
    expect(await read(its)).toBe(false);
  });
});

test("tells at the end what GitHub said last of the quota", async () => {
  const { deps, read, budgetOf } = world();
  const quota = (remaining: number) => ({ limit: 5000, remaining, resetMs: T0 + 60_000 });
  await withReservation(deps, 5, async (its) => {
    await read(its, INSTALLATION, { quota: quota(4999) });
    await read(its, INSTALLATION, { quota: quota(4998) });
    await read(its);
    expect(budgetOf().quota).toBeNull();
  });
  expect(budgetOf().quota).toEqual(quota(4998));
});

test("sends no more than the budget grants", async () => {
  const { deps, read, budgetOf } = world();
  await deps.budgets.take("installation:7", { id: "before", leaseMs: 1 }, Array(90).fill(READ), T0);
  await withReservation(deps, 25, async (its) => {
    // 675 reads that can wait, a minute.
    for (let more = 0; more < 6; more++) {
      const lease = { id: `more-${more}`, leaseMs: 1 };
      await deps.budgets.take("installation:7", lease, Array(97).fill(READ), T0 + 1 + more);
    }
    expect(await read(its)).toBe(true);
    expect(await read(its)).toBe(true);
    expect(await read(its)).toBe(true);
    expect(await read(its)).toBe(false);
  });
  expect(budgetOf().spent.reduce((sum, { points }) => sum + points, 0)).toBe(675);
});

test("holds a part of the limit of requests at once for one, and ends it if what it is for fails", async () => {
  const { deps, read, budgetOf } = world();
  const failed = withReservation(deps, 25, async (its) => {
    await read(its);
    expect(budgetOf().leases).toMatchObject([{ requests: 1 }]);
    throw new Error("D1 is away");
  });
  await expect(failed).rejects.toThrow("D1 is away");
  expect(budgetOf().leases).toEqual([]);
});

test("goes on if the budget cannot be informed of the end", async () => {
  const { deps, read, lines } = world();
  const settle = () => Promise.reject(new Error("the object is away"));
  const its = { ...deps, budgets: { ...deps.budgets, settle } };
  expect(await withReservation(its, 1, (reserved) => read(reserved))).toBe(true);
  expect(lines).toEqual([expect.stringContaining("budget.unsettled")]);
});
