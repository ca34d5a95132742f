/** Progress of incremental recovery: the scheduled audit and the lists of hooks, each in `settings`. */
import * as v from "valibot";

/** The setting of the scheduled audit. */
export const AUDIT = "audit";
/** The setting of a hook, before its name. */
export const RECONCILE = "reconcile:";

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

const auditProgress = v.object({
  /** When this round began. */
  began_at: v.string(),
  /** Null: at the beginning. */
  position: v.nullable(auditPosition),
});

/** Claims the scheduled audit, if it is due and nobody has it. */
export async function claimAuditProgress(db: D1Database, now: string, leaseUntil: string) {
  const fresh = { began_at: now, position: null };
  const progress = await claim(db, AUDIT, auditProgress, fresh, now, leaseUntil);
  // A new round begins now.
  return progress?.position === null ? fresh : progress;
}

const hookPosition = v.object({
  /** Everything delivered up to here has been looked at. */
  until: v.string(),
  /** A scan that was left: of what, and where to go on; null: at the newest. */
  scan: v.nullable(v.object({ to: v.string(), cursor: v.nullable(v.string()) })),
});

const hookProgress = v.object({ failed: hookPosition, all: hookPosition });

export type HookProgress = v.InferOutput<typeof hookProgress>;

const NOTHING_YET: HookProgress = { failed: { until: "", scan: null }, all: { until: "", scan: null } };

/** Claims a hook, if it is due and nobody has it. */
export const claimHookProgress = (db: D1Database, hook: string, now: string, leaseUntil: string) =>
  claim(db, `${RECONCILE}${hook}`, hookProgress, NOTHING_YET, now, leaseUntil);

/**
 * Claims a setting that is due, by its `due_at`.
 * @param leaseUntil nobody else claims it before
 * @returns `fresh` if nothing is stored, or not understood: looking twice records nothing twice. Undefined if it is not due
 */
async function claim<Progress>(
  db: D1Database,
  name: string,
  schema: v.GenericSchema<unknown, Progress>,
  fresh: Progress,
  now: string,
  leaseUntil: string,
): Promise<Progress | undefined> {
  const value = JSON.stringify({ ...fresh, due_at: leaseUntil });
  const row = await db.prepare(CLAIM).bind(name, value, leaseUntil, now).first();
  if (row === null) return undefined;
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), row.value);
  return parsed.success ? parsed.output : fresh;
}

const CLAIM = `
  INSERT INTO settings (name, value, updated_at) VALUES (?1, ?2, ?4)
  ON CONFLICT (name) DO UPDATE SET value = json_set(value, '$.due_at', ?3), updated_at = ?4
  WHERE coalesce(value->>'due_at', '') <= ?4
  RETURNING value`;
