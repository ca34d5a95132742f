/** One step of a plan. */
import type { Account } from "../cloudflare/account.ts";
import type { Wrangler } from "../cloudflare/wrangler.ts";
import type { DesiredState } from "../project/desired-state.ts";

/** A line of the plan, as it is shown. */
export interface Row {
  readonly resource: string;
  readonly is: string;
  readonly will: string;
}

export interface Step {
  readonly rows: readonly Row[];
  /** Set if the step has to be confirmed separately: what it would do, and what to say if it is not confirmed. */
  readonly question?: { readonly action: string; readonly refused: string };
  /**
   * Looks at the account again, and does what is still missing.
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
  readonly desired: DesiredState;
  /** Where a new database's writer runs; undefined: near this machine. */
  readonly location?: Location | undefined;
}

/** D1's location hints (https://developers.cloudflare.com/d1/configuration/data-location/). */
export const LOCATIONS = ["weur", "eeur", "apac", "oc", "wnam", "enam"] as const;
export type Location = (typeof LOCATIONS)[number];
