import { dispatchDue } from "../../src/dispatch/dispatch.ts";
import { rows } from "../support/database.ts";
import { second } from "../support/facts.ts";
import {
  type Call,
  createDouble,
  type Double,
  type EffectOptions,
  effectDeps,
  take,
} from "../support/grainchain.ts";
import { validationOf } from "../support/recording.ts";

export const willing = (): Double => createDouble((call) => take(call));
export const always = (answer: () => Response): Double => createDouble(answer);
export const dispatch = (double: Double, options?: EffectOptions) => dispatchDue(effectDeps(double, options));

export interface StoredGate {
  readonly state: string;
  readonly reason?: string;
  readonly until?: string;
  readonly step?: number;
}
export async function setting(name: string): Promise<unknown> {
  const [stored] = await rows<{ value: string }>("SELECT value FROM settings WHERE name = ?1", name);
  return stored === undefined ? undefined : JSON.parse(stored.value);
}
/** Nothing stored: never closed. */
export async function gate(): Promise<StoredGate> {
  const [stored] = await rows<{ value: string }>("SELECT value FROM settings WHERE name = 'gate:grainchain'");
  return stored === undefined ? { state: "open" } : JSON.parse(stored.value);
}
export const closedUntil = (until: number, step = 1) => ({
  state: "closed",
  reason: "backpressure",
  detail: "full",
  since: second(0),
  until: second(until),
  step,
});
export const states = async (ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => (await validationOf(id)).state));
export const asked = (call: Call | undefined) =>
  (call?.requests ?? []).map((request) => request.client_request_id);
