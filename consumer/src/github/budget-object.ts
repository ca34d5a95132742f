/** One Durable Object for each credential: the only place that knows what all consumers together have sent to GitHub. */
import { DurableObject } from "cloudflare:workers";
import type { BudgetPolicy } from "@webhook-gateway/shared/config/consumer.ts";
import type { GitHubLimit, GitHubQuota } from "@webhook-gateway/shared/github/failure.ts";
import {
  type Budget,
  type Cost,
  type Grant,
  type LeaseRequest,
  settleLease,
  take,
  UNSPENT,
} from "./budget.ts";

const KEY = "budget";

export class GitHubBudget extends DurableObject<Env> {
  #budget: Budget = UNSPENT;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    // The budget outlives the object's memory.
    void state.blockConcurrencyWhile(async () => {
      this.#budget = { ...UNSPENT, ...(await state.storage.get<Budget>(KEY)) };
    });
  }

  /** Asks for requests. Those granted are under way until they are settled, or the lease ends. */
  async take(policy: BudgetPolicy, lease: LeaseRequest, costs: Cost[], nowMs: number): Promise<Grant> {
    const { budget, granted, retryAtMs } = take(policy, this.#budget, lease, costs, nowMs);
    await this.#keep(budget);
    return { granted, retryAtMs };
  }

  /** Ends a lease, and stores what GitHub said of its limits. */
  async settle(
    leaseId: string,
    limit: GitHubLimit | null,
    nowMs: number,
    quota: GitHubQuota | null = null,
  ): Promise<void> {
    await this.#keep(settleLease(this.#budget, leaseId, limit, nowMs, quota));
  }

  async #keep(budget: Budget): Promise<void> {
    this.#budget = budget;
    await this.ctx.storage.put(KEY, budget);
  }
}
