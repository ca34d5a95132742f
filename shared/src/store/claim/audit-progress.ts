/** How far the scheduled audit is; in `settings`, as `audit`. */
import * as v from "valibot";
import { claimSetting } from "./claim-setting.ts";

export const AUDIT = "audit";

export const auditPosition = v.object({
  /** What lists the repositories. Those whose keys are smaller are done. */
  source: v.string(),
  /** Of its list, from 1. */
  page: v.number(),
  /** The repository on that page, from 0. */
  index: v.number(),
});

/** Where an audit goes on. */
export type AuditPosition = v.InferOutput<typeof auditPosition>;

const progress = v.object({
  /** When this round began. */
  began_at: v.string(),
  /** Null: at the beginning. */
  position: v.nullable(auditPosition),
});

export type AuditProgress = v.InferOutput<typeof progress>;

const stored = v.object({ value: v.pipe(v.string(), v.parseJson(), progress) });

/** Claims the scheduled audit, if it is due and nobody has it. */
export async function claimAuditProgress(
  db: D1Database,
  now: string,
  leaseUntil: string,
): Promise<AuditProgress | undefined> {
  const fresh: AuditProgress = { began_at: now, position: null };
  const row = await claimSetting(db, AUDIT, { ...fresh, due_at: leaseUntil }, now, leaseUntil);
  if (row === null) return undefined;
  const parsed = v.safeParse(stored, row);
  // A new round begins now. What is not understood is begun again: looking twice records nothing twice.
  return parsed.success && parsed.output.value.position !== null ? parsed.output.value : fresh;
}
