/** How far each hook's list of deliveries has been read; in `settings`, as `reconcile:<hook>`. */
import * as v from "valibot";
import { claimSetting } from "./claim-setting.ts";

export const RECONCILE = "reconcile:";

const position = v.object({
  /** Everything delivered up to here has been looked at. */
  until: v.string(),
  /** A scan that was left: of what, and where to go on; null: at the newest. */
  scan: v.nullable(v.object({ to: v.string(), cursor: v.nullable(v.string()) })),
});

const progress = v.object({
  failed: position,
  all: position,
});

export type HookProgress = v.InferOutput<typeof progress>;

const NOTHING_YET: HookProgress = { failed: { until: "", scan: null }, all: { until: "", scan: null } };

const stored = v.object({ value: v.pipe(v.string(), v.parseJson(), progress) });

/** Claims a hook that is due; undefined where it is not, or another consumer has it. */
export async function claimProgress(
  db: D1Database,
  hook: string,
  now: string,
  leaseUntil: string,
): Promise<HookProgress | undefined> {
  const fresh = { ...NOTHING_YET, due_at: leaseUntil };
  const row = await claimSetting(db, `${RECONCILE}${hook}`, fresh, now, leaseUntil);
  if (row === null) return undefined;
  const parsed = v.safeParse(stored, row);
  // What is not understood is begun again: looking twice records nothing twice.
  return parsed.success ? parsed.output.value : NOTHING_YET;
}
