/** One step of a plan. */
import type { Account } from "../cloudflare/account.ts";
import type { Wrangler } from "../cloudflare/wrangler.ts";
import type { Wanted } from "../project/desired-state.ts";

/** A line of the plan as it is shown. */
export interface Row {
  readonly resource: string;
  readonly is: string;
  readonly will: string;
}

export interface Step {
  readonly rows: readonly Row[];
  /** Set where the step is asked for on its own: what it would do, and what stays if it is not done. */
  readonly question?: { readonly order: string; readonly refused: string };
  /**
   * Looks again at what there is, and does what is missing.
   * @returns what was done
   * @throws GatewayError
   */
  perform(): Promise<string>;
}

/** What steps work with. */
export interface StepDeps {
  readonly dir: string;
  readonly account: Account;
  readonly wrangler: Wrangler;
  readonly wanted: Wanted;
}
