/** One Durable Object for each credential: the only place that knows what all consumers together have sent to GitHub. */
import { DurableObject } from "cloudflare:workers";
import { type Budget, type Cost, type Grant, settleLease, take, UNSPENT } from "./budget.ts";

const KEY = "budget";

export class GitHubBudget extends DurableObject<Env> {
  #budget: Budget = UNSPENT;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    // The budget outlives the object's memory.
    void state.blockConcurrencyWhile(async () => {
      this.#budget = (await state.storage.get<Budget>(KEY)) ?? UNSPENT;
    });
  }

  /** Asks for requests. Those granted are under way until they are settled, or the lease ends. */
  async take(lease: { id: string; leaseMs: number }, costs: Cost[], nowMs: number): Promise<Grant> {
    const { budget, granted, retryAtMs } = take(this.#budget, lease, costs, nowMs);
    await this.#keep(budget);
    return { granted, retryAtMs };
  }

  /** Ends a lease. @param limitedUntilMs GitHub must not be called before */
  async settle(leaseId: string, limitedUntilMs: number | null): Promise<void> {
    await this.#keep(settleLease(this.#budget, leaseId, limitedUntilMs));
  }

  async #keep(budget: Budget): Promise<void> {
    this.#budget = budget;
    await this.ctx.storage.put(KEY, budget);
  }
}
