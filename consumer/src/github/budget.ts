/**
 * What may be sent to GitHub under one credential: a log of what was spent within the last hour, by the second, and the
 * pace at which GitHub lets things be created. Pure; kept by the Durable Object in budget-object.ts.
 */
import type { BudgetPolicy } from "@webhook-gateway/shared/config/consumer.ts";
import type { GitHubLimit, GitHubQuota } from "@webhook-gateway/shared/github/failure.ts";
import { createLimits, firstPace, halved, nextRaiseMs, type Pace, raised } from "./pace.ts";

/** What one request takes from a budget. */
export interface Cost {
  readonly points: number;
  /** Whether it creates something: a check run, a status, a comment, a reaction. */
  readonly creates: boolean;
  /** It can wait: it leaves a part of the budget to others. */
  readonly minor: boolean;
  /** Neither a report nor a person on GitHub waits for it: it leaves a part of the quota to others too. */
  readonly background?: true;
}

/** What was spent in one second. */
export interface Spent {
  /** The last time in it, in milliseconds since the epoch, so that nothing leaves a window too early. */
  readonly atMs: number;
  readonly points: number;
  readonly creates: number;
}

/** What requests are asked for under. */
export interface LeaseRequest {
  readonly id: string;
  /** How long they may be under way. */
  readonly leaseMs: number;
  /** They are reserved, and sent so many at a time; undefined: all of them now. */
  readonly atOnce?: number;
}

/** Requests that are under way. */
export interface Lease {
  readonly id: string;
  readonly requests: number;
  readonly untilMs: number;
  /** What was spent ahead, as it was entered, if the requests are sent later. */
  readonly reserved?: Omit<Spent, "creates">;
}

export interface Budget {
  readonly spent: readonly Spent[];
  readonly leases: readonly Lease[];
  /** GitHub must not be called before. */
  readonly blockedUntilMs: number;
  /** Null before the first request. */
  readonly pace: Pace | null;
  /** As GitHub last said; null if it never did. */
  readonly quota: GitHubQuota | null;
}

export const UNSPENT: Budget = { spent: [], leases: [], blockedUntilMs: 0, pace: null, quota: null };

/** Points of a request (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api). */
export const READ_POINTS = 1;
export const WRITE_POINTS = 5;

/**
 * GitHub's secondary limits for every request
 * (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api).
 */
export const LIMITS = { pointsPerMinute: 900, requestsAtOnce: 100 } as const;

/** The share of each limit that minor requests leave to others, and of the quota those in the background. */
const RESERVE = 0.25;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** When to ask again while too many requests are under way. */
const BUSY_MS = 1000;

export interface Grant {
  /** One for each request, in their order. */
  readonly granted: readonly boolean[];
  /** When the first refused one may be asked for again, in milliseconds since the epoch; null if none was. */
  readonly retryAtMs: number | null;
}

/** Spends what the requests cost, as far as the budget goes, the first ones first. */
export function take(
  policy: BudgetPolicy,
  budget: Budget,
  lease: LeaseRequest,
  costs: readonly Cost[],
  nowMs: number,
): Grant & { readonly budget: Budget } {
  const leases = budget.leases.filter(({ untilMs }) => untilMs > nowMs);
  // Only what created something counts for longer than a minute. Reads are many: all of them together would be large.
  const spent = budget.spent.filter(
    ({ atMs, creates }) => atMs > nowMs - (creates > 0 ? HOUR_MS : MINUTE_MS),
  );
  let pace = budget.pace ?? firstPace(nowMs);
  const free = LIMITS.requestsAtOnce - leases.reduce((sum, { requests }) => sum + requests, 0);
  let requests = 0;
  let points = 0;
  let retryAtMs: number | null = null;

  /** Null if it may be sent now. */
  const refusedUntil = (cost: Cost): number | null => {
    if (budget.blockedUntilMs > nowMs) return budget.blockedUntilMs;
    if (cost.background && isShort(budget.quota, requests, nowMs)) return budget.quota.resetMs;
    if (policy === "off") return null;
    if (atOnceOf(requests + 1, lease) > free) return nowMs + BUSY_MS;
    const share = cost.minor ? 1 - RESERVE : 1;
    const pointsMs = roomAt(spent, "points", cost.points, LIMITS.pointsPerMinute * share, MINUTE_MS, nowMs);
    let createsMs = cost.creates ? createAt(policy, pace, spent, share, nowMs) : null;
    if (createsMs !== null && policy === "adaptive") {
      pace = raised(pace, nowMs) ?? pace;
      createsMs = createAt(policy, pace, spent, share, nowMs);
      if (createsMs !== null) createsMs = Math.min(createsMs, nextRaiseMs(pace) ?? createsMs);
    }
    return later(pointsMs, createsMs);
  };

  const granted = costs.map((one) => {
    const atMs = refusedUntil(one);
    if (atMs !== null) {
      retryAtMs = Math.min(retryAtMs ?? atMs, atMs);
      return false;
    }
    requests++;
    points += one.points;
    spend(spent, one, nowMs);
    return true;
  });
  const atMs = spent.at(-1)?.atMs ?? nowMs;
  const held: Lease = {
    id: lease.id,
    requests: atOnceOf(requests, lease),
    untilMs: nowMs + lease.leaseMs,
    ...(lease.atOnce === undefined ? {} : { reserved: { atMs, points } }),
  };
  const kept = requests === 0 ? leases : [...leases, held];
  return { granted, retryAtMs, budget: { ...budget, spent, leases: kept, pace } };
}

/** How many of so many requests are under way at once. */
const atOnceOf = (requests: number, { atOnce = requests }: LeaseRequest): number =>
  Math.min(requests, atOnce);

/** Whether less than the reserve is left of the quota, once so many more requests are sent. */
const isShort = (quota: GitHubQuota | null, requests: number, nowMs: number): quota is GitHubQuota =>
  quota !== null && quota.resetMs > nowMs && quota.remaining - requests < quota.limit * RESERVE;

/**
 * Ends a lease, and stores what GitHub said of its limits. A secondary limit halves what may be created: once, whatever
 * was under way when GitHub set it.
 * @param quota null if GitHub did not say what is left
 */
export function settleLease(
  budget: Budget,
  leaseId: string,
  limit: GitHubLimit | null,
  nowMs: number,
  quota: GitHubQuota | null = null,
): Budget {
  const lease = budget.leases.find(({ id }) => id === leaseId);
  const isNews = limit?.secondary === true && budget.blockedUntilMs <= nowMs;
  return {
    ...budget,
    spent: lease?.reserved === undefined ? budget.spent : enteredAgain(budget.spent, lease.reserved, nowMs),
    leases: budget.leases.filter((one) => one !== lease),
    blockedUntilMs: Math.max(budget.blockedUntilMs, limit?.untilMs ?? 0),
    pace: isNews ? halved(budget.pace ?? firstPace(nowMs), limit.untilMs) : budget.pace,
    quota: quota ?? budget.quota,
  };
}

/** The clocks of consumers differ a little: nothing is entered before what was spent earlier. */
function spend(spent: Spent[], { points, creates }: Pick<Cost, "points" | "creates">, nowMs: number): void {
  const last = spent.at(-1);
  const atMs = Math.max(nowMs, last?.atMs ?? 0);
  const same = last !== undefined && secondOf(last.atMs) === secondOf(atMs);
  const before = same ? last : { points: 0, creates: 0 };
  if (same) spent.pop();
  spent.push({ atMs, points: before.points + points, creates: before.creates + (creates ? 1 : 0) });
}

/** What was reserved may have been sent just now: it leaves its window a minute from now. */
function enteredAgain(
  spent: readonly Spent[],
  { atMs, points }: NonNullable<Lease["reserved"]>,
  nowMs: number,
): readonly Spent[] {
  const moved = spent.map((one) =>
    secondOf(one.atMs) === secondOf(atMs) ? { ...one, points: one.points - points } : one,
  );
  spend(moved, { points, creates: false }, nowMs);
  return moved;
}

const secondOf = (ms: number): number => Math.floor(ms / 1000);

/** When one more may be created; null: now. */
function createAt(
  policy: BudgetPolicy,
  pace: Pace,
  spent: readonly Spent[],
  share: number,
  nowMs: number,
): number | null {
  const limits = createLimits(policy, pace);
  if (limits === undefined) return null;
  return later(
    roomAt(spent, "creates", 1, limits.createsPerMinute * share, MINUTE_MS, nowMs),
    roomAt(spent, "creates", 1, limits.createsPerHour * share, HOUR_MS, nowMs),
  );
}

/** The later of two times; null is now. */
const later = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.max(one, other);

/** When a window has room for more of a kind, in milliseconds since the epoch; null: now. */
function roomAt(
  spent: readonly Spent[],
  kind: "points" | "creates",
  more: number,
  limit: number,
  windowMs: number,
  nowMs: number,
): number | null {
  if (more === 0) return null;
  const window = spent.filter(({ atMs }) => atMs > nowMs - windowMs);
  let excess = window.reduce((sum, one) => sum + one[kind], 0) + more - limit;
  if (excess <= 0) return null;
  for (const one of window) {
    excess -= one[kind];
    if (excess <= 0) return one.atMs + windowMs;
  }
  return nowMs + windowMs;
}
