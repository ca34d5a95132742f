/**
 * What may be sent to GitHub under one credential, exactly: a log of what was spent within the last hour, by the
 * second. Pure; kept by the Durable Object in github-budget.ts.
 */

/** One request that somebody wants to send. */
export interface Wanted {
  /** 1 for a read, 5 for a write. */
  readonly points: number;
  /** Whether it creates something: a check run, a status, a comment, a reaction. */
  readonly creates: boolean;
  /** One that others can wait for: it leaves a part of the budget to them. */
  readonly minor: boolean;
}

export interface Spent {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly points: number;
  readonly creates: number;
}

/** Requests that are under way. */
export interface Lease {
  readonly id: string;
  readonly requests: number;
  readonly untilMs: number;
}

export interface Budget {
  readonly spent: readonly Spent[];
  readonly leases: readonly Lease[];
  /** GitHub asked not to be asked before. */
  readonly blockedUntilMs: number;
}

export const UNSPENT: Budget = { spent: [], leases: [], blockedUntilMs: 0 };

/** GitHub's secondary limits (its documentation, "Rate limits for the REST API", 2026-11). */
export const LIMITS = {
  createsPerMinute: 80,
  createsPerHour: 500,
  pointsPerMinute: 900,
  requestsAtOnce: 100,
} as const;

/** The share of each limit that minor requests leave to the others. */
const RESERVE = 0.25;
const MINUTE = 60;
const HOUR = 3600;
/** While too many requests are under way, this is when to ask again. */
const BUSY_MS = 1000;

export interface Grant {
  /** One for each that was wanted, in their order. */
  readonly granted: readonly boolean[];
  /** When the first of those refused may be asked for again, in milliseconds since the epoch; null where none was. */
  readonly retryAtMs: number | null;
}

/**
 * Spends as much of the budget as what is wanted needs, the first ones first.
 * @param leaseMs how long the requests may be under way
 */
export function take(
  budget: Budget,
  lease: { readonly id: string; readonly leaseMs: number },
  wanted: readonly Wanted[],
  nowMs: number,
): Grant & { readonly budget: Budget } {
  const now = Math.floor(nowMs / 1000);
  const leases = budget.leases.filter(({ untilMs }) => untilMs > nowMs);
  const spent = budget.spent.filter(({ at }) => at > now - HOUR);
  let free = LIMITS.requestsAtOnce - leases.reduce((sum, { requests }) => sum + requests, 0);
  let retryAtMs: number | null = null;
  const granted = wanted.map((one) => {
    const atMs =
      budget.blockedUntilMs > nowMs
        ? budget.blockedUntilMs
        : free <= 0
          ? nowMs + BUSY_MS
          : freeAt(spent, one, now);
    if (atMs !== null) {
      retryAtMs = Math.min(retryAtMs ?? atMs, atMs);
      return false;
    }
    free--;
    spend(spent, one, now);
    return true;
  });
  const requests = granted.filter(Boolean).length;
  const held =
    requests === 0 ? leases : [...leases, { id: lease.id, requests, untilMs: nowMs + lease.leaseMs }];
  return { granted, retryAtMs, budget: { ...budget, spent, leases: held } };
}

/** Ends a lease, and notes what GitHub asked for. */
export function settleLease(budget: Budget, leaseId: string, limitedUntilMs: number | null): Budget {
  return {
    ...budget,
    leases: budget.leases.filter(({ id }) => id !== leaseId),
    blockedUntilMs: Math.max(budget.blockedUntilMs, limitedUntilMs ?? 0),
  };
}

function spend(spent: Spent[], { points, creates }: Wanted, now: number): void {
  const last = spent.at(-1);
  const before = last?.at === now ? last : { at: now, points: 0, creates: 0 };
  if (last?.at === now) spent.pop();
  spent.push({ at: now, points: before.points + points, creates: before.creates + (creates ? 1 : 0) });
}

/** Null where it may be sent now; else when each limit that it meets has room again. */
function freeAt(spent: readonly Spent[], wanted: Wanted, now: number): number | null {
  const share = wanted.minor ? 1 - RESERVE : 1;
  const creates = wanted.creates ? 1 : 0;
  const times = [
    roomAt(spent, "points", wanted.points, LIMITS.pointsPerMinute * share, MINUTE, now),
    roomAt(spent, "creates", creates, LIMITS.createsPerMinute * share, MINUTE, now),
    roomAt(spent, "creates", creates, LIMITS.createsPerHour * share, HOUR, now),
  ].filter((at) => at !== null);
  return times.length === 0 ? null : Math.max(...times) * 1000;
}

/** When a window has room for more of a kind, in seconds since the epoch; null: now. */
function roomAt(
  spent: readonly Spent[],
  kind: "points" | "creates",
  more: number,
  limit: number,
  windowSeconds: number,
  now: number,
): number | null {
  if (more === 0) return null;
  const window = spent.filter(({ at }) => at > now - windowSeconds);
  let excess = window.reduce((sum, one) => sum + one[kind], 0) + more - limit;
  if (excess <= 0) return null;
  for (const one of window) {
    excess -= one[kind];
    if (excess <= 0) return one.at + windowSeconds;
  }
  return now + windowSeconds;
}
