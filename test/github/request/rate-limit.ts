/** The hourly budget of each sender. */
import type { Identity } from "./auth.ts";

const HOUR_MS = 3_600_000;
const DOCUMENTATION =
  "https://docs.github.com/free-pro-team@latest/rest/using-the-rest-api/rate-limits-for-the-rest-api";
/** GitHub's budget for anonymous requests. */
const ANONYMOUS = 60;

interface Budget {
  readonly limit: number;
  readonly used: number;
  readonly remaining: number;
  /** Seconds since 1970. */
  readonly reset: number;
}

/** The budgets of one instance. */
export class RateLimits {
  readonly #limit: number;
  readonly #spent = new Map<string, { used: number; until: number }>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts a request. @returns whether it is within the budget */
  spend(identity: Identity, now: number): boolean {
    const hour = this.#hour(identity, now);
    hour.used += 1;
    this.#spent.set(keyOf(identity), hour);
    return hour.used <= this.#limitOf(identity);
  }

  /** Takes a request back: GitHub does not count what has not changed. */
  refund(identity: Identity, now: number): void {
    const hour = this.#hour(identity, now);
    hour.used -= 1;
    this.#spent.set(keyOf(identity), hour);
  }

  budget(identity: Identity, now: number): Budget {
    const { used, until } = this.#hour(identity, now);
    const limit = this.#limitOf(identity);
    const spent = Math.min(used, limit);
    return { limit, used: spent, remaining: limit - spent, reset: Math.ceil(until / 1000) };
  }

  headers(identity: Identity, now: number): Record<string, string> {
    const { limit, remaining, used, reset } = this.budget(identity, now);
    return {
      "x-ratelimit-limit": String(limit),
      "x-ratelimit-remaining": String(remaining),
      "x-ratelimit-used": String(used),
      "x-ratelimit-reset": String(reset),
      "x-ratelimit-resource": "core",
    };
  }

  #limitOf(identity: Identity): number {
    return identity.kind === "none" ? Math.min(ANONYMOUS, this.#limit) : this.#limit;
  }

  #hour(identity: Identity, now: number): { used: number; until: number } {
    const spent = this.#spent.get(keyOf(identity));
    return spent === undefined || spent.until <= now ? { used: 0, until: now + HOUR_MS } : spent;
  }
}

/** The message to a sender whose budget is spent. */
export function exceeded(identity: Identity): { readonly message: string; readonly documentation: string } {
  const whose = {
    none: "127.0.0.1",
    token: "user ID 1",
    app: "user ID 1",
    installation: identity.kind === "installation" ? `installation ID ${identity.grant.installation.id}` : "",
  }[identity.kind];
  return { message: `API rate limit exceeded for ${whose}.`, documentation: DOCUMENTATION };
}

function keyOf(identity: Identity): string {
  if (identity.kind === "token") return `token ${identity.token}`;
  return identity.kind === "installation" ? `installation ${identity.grant.installation.id}` : identity.kind;
}
