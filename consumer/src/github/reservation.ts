/** Reserves a part of a budget for many reads, so that its Durable Object is called for all of them instead of for each. */
import type { GitHubLimit, GitHubQuota } from "@webhook-gateway/shared/github/failure.ts";
import { READ } from "./ask.ts";
import type { Grant, LeaseRequest } from "./budget.ts";
import { type Budgets, type SendDeps, settle } from "./send.ts";

/** Reads that are reserved together. */
const MAX_RESERVED = 25;
/** A reservation is used for so long, and others may have met a limit meanwhile. */
const MAX_HELD_MS = 10_000;

/**
 * Performs what reads from GitHub under one credential, one request after the other.
 * @param needed how many requests it makes at least. More are asked for one by one
 */
export async function withReservation<Deps extends SendDeps, Value>(
  deps: Deps,
  needed: number,
  perform: (deps: Deps) => Promise<Value>,
): Promise<Value> {
  const budgets = new Reservation(deps, needed);
  try {
    return await perform({ ...deps, budgets });
  } finally {
    await budgets.end();
  }
}

interface Held {
  readonly name: string;
  readonly id: string;
  readonly endMs: number;
  left: number;
  quota: GitHubQuota | undefined;
}

class Reservation implements Budgets {
  readonly #deps: SendDeps;
  #needed: number;
  #held: Held | undefined;

  constructor(deps: SendDeps, needed: number) {
    this.#deps = deps;
    this.#needed = needed;
  }

  async take(name: string, lease: LeaseRequest, _: unknown, nowMs: number): Promise<Grant> {
    if (this.#held !== undefined && (this.#held.name !== name || nowMs >= this.#held.endMs)) {
      await this.end();
    }
    if (this.#held === undefined) {
      const count = Math.min(Math.max(this.#needed, 1), MAX_RESERVED);
      const ahead = { id: lease.id, leaseMs: MAX_HELD_MS + lease.leaseMs, atOnce: 1 };
      const reads = Array.from({ length: count }, () => READ);
      const { granted, retryAtMs } = await this.#deps.budgets.take(name, ahead, reads, nowMs);
      const left = granted.filter(Boolean).length;
      if (left === 0) return { granted: [false], retryAtMs };
      this.#held = { name, id: lease.id, endMs: nowMs + MAX_HELD_MS, left, quota: undefined };
    }
    this.#held.left--;
    this.#needed--;
    return { granted: [true], retryAtMs: null };
  }

  /** Ends the reservation if it is used up, or GitHub has set a limit: others must know. */
  async settle(
    _name: string,
    _leaseId: string,
    limit: GitHubLimit | null,
    _nowMs: number,
    quota?: GitHubQuota,
  ): Promise<void> {
    if (this.#held !== undefined && quota) this.#held.quota = quota;
    if (limit !== null || this.#held?.left === 0) await this.end(limit ?? undefined);
  }

  async end(limit?: GitHubLimit): Promise<void> {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    await settle(this.#deps, held.name, held.id, { limit, quota: held.quota });
  }
}
