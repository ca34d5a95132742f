import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { Cost } from "../../src/github/budget.ts";

const CREATE: Cost = { points: 5, creates: true, minor: false };
const READ: Cost = { points: 1, creates: false, minor: false };
const many = (wanted: Cost, count: number): Cost[] => Array.from({ length: count }, () => wanted);

const budgetOf = (name = crypto.randomUUID()) => env.BUDGETS.getByName(name);
const lease = (leaseMs = 60_000) => ({ id: crypto.randomUUID(), leaseMs });
const granted = ({ granted: all }: { readonly granted: readonly boolean[] }): number =>
  all.filter(Boolean).length;

test("grants no more than a limit to any number of consumers at once", async () => {
  const now = Date.now();
  const name = crypto.randomUUID();
  const answers = await Promise.all(
    Array.from({ length: 40 }, async () => {
      const held = lease();
      const answer = await budgetOf(name).take("adaptive", held, many(CREATE, 5), now);
      await budgetOf(name).settle(held.id, null, now);
      return granted(answer);
    }),
  );
  expect(answers.reduce((sum, one) => sum + one, 0)).toBe(80);
});

test("remembers what was spent, and what is under way, when it is started again", async () => {
  const now = Date.now();
  const name = crypto.randomUUID();
  const held = lease();
  expect(granted(await budgetOf(name).take("adaptive", held, many(CREATE, 90), now))).toBe(80);
  await evictDurableObject(budgetOf(name));
  expect(await budgetOf(name).take("adaptive", lease(), [CREATE], now + 1000)).toEqual({
    granted: [false],
    retryAtMs: now + 60_000,
  });
  expect(granted(await budgetOf(name).take("adaptive", lease(), many(READ, 50), now + 1000))).toBe(20);
});

test("remembers that GitHub does not want to be asked when it is started again", async () => {
  const now = Date.now();
  const name = crypto.randomUUID();
  const held = lease();
  await budgetOf(name).take("adaptive", held, [READ], now);
  await budgetOf(name).settle(held.id, { untilMs: now + 30_000, secondary: false }, now);
  await evictDurableObject(budgetOf(name));
  expect(await budgetOf(name).take("adaptive", lease(), [READ], now + 29_999)).toEqual({
    granted: [false],
    retryAtMs: now + 30_000,
  });
  expect(granted(await budgetOf(name).take("adaptive", lease(), [READ], now + 30_000))).toBe(1);
});

test("remembers that GitHub objected when it is started again", async () => {
  const now = Date.now();
  const name = crypto.randomUUID();
  const held = lease();
  await budgetOf(name).take("adaptive", held, [CREATE], now);
  await budgetOf(name).settle(held.id, { untilMs: now + 30_000, secondary: true }, now);
  await evictDurableObject(budgetOf(name));
  expect(granted(await budgetOf(name).take("adaptive", lease(), many(CREATE, 90), now + 60_000))).toBe(40);
});

test("remembers what GitHub said is left when it is started again, and keeps a share for reports", async () => {
  const now = Date.now();
  const name = crypto.randomUUID();
  const held = lease();
  await budgetOf(name).take("adaptive", held, [READ], now);
  const quota = { limit: 5000, remaining: 1249, resetMs: now + 600_000 };
  await budgetOf(name).settle(held.id, null, now, quota);
  await evictDurableObject(budgetOf(name));
  const audit: Cost = { ...READ, minor: true, background: true };
  expect(await budgetOf(name).take("adaptive", lease(), [audit, CREATE], now + 1)).toEqual({
    granted: [false, true],
    retryAtMs: now + 600_000,
  });
  expect(granted(await budgetOf(name).take("adaptive", lease(), [audit], now + 600_000))).toBe(1);
});

test("settles what was reserved before it was started again", async () => {
  const now = Date.now();
  const name = crypto.randomUUID();
  const ahead = { ...lease(), atOnce: 1 };
  expect(granted(await budgetOf(name).take("adaptive", ahead, many(READ, 25), now))).toBe(25);
  await evictDurableObject(budgetOf(name));
  await budgetOf(name).settle(ahead.id, null, now + 10_000);
  const reads = { ...lease(), atOnce: 1 };
  expect(granted(await budgetOf(name).take("adaptive", reads, many(READ, 900), now + 69_999))).toBe(875);
});

test("keeps one credential's budget apart from another's", async () => {
  const now = Date.now();
  const [one, other] = [budgetOf(), budgetOf()];
  await one.take("adaptive", lease(), many(CREATE, 90), now);
  expect(granted(await other.take("adaptive", lease(), many(CREATE, 90), now))).toBe(80);
});
