/** Searches for deliveries that never arrived: those that operators ask for, and the automatic ones. */
import * as v from "valibot";
import { type ReconcileItem, reconcileItem, type reconcileQuery } from "../../api/reconcile.ts";
import { flag } from "../flag.ts";
import { insertAction } from "../operator-action.ts";
import { type Page, selectPage } from "../read/page.ts";

/** What one search did. */
export interface ReconcileCounts {
  /** Deliveries that GitHub listed. */
  readonly listed: number;
  /** Of those: never recorded, although they should have been. */
  readonly missing: number;
  readonly recovered: number;
  /** GitHub no longer gives their payload, and was asked to deliver them again. */
  readonly redelivered: number;
}

export const NO_COUNTS: ReconcileCounts = { listed: 0, missing: 0, recovered: 0, redelivered: 0 };

export interface ReconcileRequest {
  readonly id: string;
  readonly requested_by: string;
  /** Null: as far back as GitHub keeps deliveries. */
  readonly since: string | null;
  readonly dry_run: boolean;
}

const position = v.object({
  /** The hook's name. Those before it are done. */
  hook: v.string(),
  /** Of its list; null: at the newest. */
  cursor: v.nullable(v.string()),
  /** What has failed before it. */
  error: v.nullable(v.string()),
});

/** Where a search goes on. */
export type Position = v.InferOutput<typeof position>;

const claimedRow = v.object({
  id: v.string(),
  since: v.nullable(v.string()),
  dry_run: flag,
  /** Null: at the beginning. */
  position: v.nullable(v.pipe(v.string(), v.parseJson(), position)),
});
export type ClaimedReconcile = v.InferOutput<typeof claimedRow>;

/** Asks for a search. */
export async function insertReconcile(db: D1Database, request: ReconcileRequest, now: string): Promise<void> {
  const { id, requested_by: actor, since, dry_run } = request;
  const reason = dry_run ? "dry run" : null;
  const asked = { id, at: now, actor, action: "reconcile", target: id, reason, outcome: "done" } as const;
  await db.batch([db.prepare(INSERT).bind(id, actor, now, since, dry_run ? 1 : 0), insertAction(db, asked)]);
}

const itemRow = v.object({
  ...reconcileItem.entries,
  dry_run: flag,
}) satisfies v.GenericSchema<unknown, ReconcileItem>;

/** Searches, the latest first. */
export function listReconciles(
  db: D1Database,
  query: v.InferOutput<typeof reconcileQuery>,
): Promise<Page<ReconcileItem>> {
  return selectPage(db, {
    list: "reconciles",
    select: SELECT,
    conditions: [],
    order: ["r.requested_at", "r.id"],
    keyOf: ({ requested_at, id }) => [requested_at, id],
    schema: itemRow,
    limit: query.limit,
    cursor: query.cursor,
  });
}

export async function loadReconcile(db: D1Database, id: string): Promise<ReconcileItem | undefined> {
  const row = await db.prepare(`${SELECT} WHERE r.id = ?1`).bind(id).first();
  return row === null ? undefined : v.parse(itemRow, row);
}

const SELECT = `
  SELECT r.id, r.requested_by, r.requested_at, r.since, r.dry_run, r.status, r.finished_at, r.listed, r.missing,
         r.recovered, r.redelivered, r.error
  FROM reconciles r`;

/** Claims the search that has waited longest. One whose consumer crashed is claimed again. */
export async function claimReconcile(
  db: D1Database,
  now: string,
  leaseUntil: string,
): Promise<ClaimedReconcile | undefined> {
  const row = await db.prepare(CLAIM).bind(now, leaseUntil).first();
  return row === null ? undefined : v.parse(claimedRow, row);
}

/** Ends a search. What it found before it was interrupted is added. */
export async function settleReconcile(
  db: D1Database,
  id: string,
  status: "done" | "failed",
  counts: ReconcileCounts,
  error: string | null,
  now: string,
): Promise<void> {
  const { listed, missing, recovered, redelivered } = counts;
  await db.prepare(SETTLE).bind(id, status, listed, missing, recovered, redelivered, error, now).run();
}

export interface Pause {
  /** Added to what was counted before. */
  readonly counts: ReconcileCounts;
  readonly error: string | null;
  readonly position: Position | null;
  readonly until: string;
}

/** Interrupts a search: it is claimed again once the time is over, and goes on at the position. */
export async function pauseReconcile(db: D1Database, id: string, pause: Pause): Promise<void> {
  const { counts, error, position: at, until } = pause;
  const { listed, missing, recovered, redelivered } = counts;
  const stored = at === null ? null : JSON.stringify(at);
  await db.prepare(PAUSE).bind(id, listed, missing, recovered, redelivered, error, stored, until).run();
}

/** Stores what an automatic search found. */
export async function insertFoundReconcile(
  db: D1Database,
  id: string,
  counts: ReconcileCounts,
  error: string | null,
  now: string,
): Promise<void> {
  const { listed, missing, recovered, redelivered } = counts;
  const status = error === null ? "done" : "failed";
  await db.prepare(INSERT_FOUND).bind(id, now, status, listed, missing, recovered, redelivered, error).run();
}

const INSERT = `
  INSERT INTO reconciles (id, requested_by, requested_at, since, dry_run, status)
  VALUES (?1, ?2, ?3, ?4, ?5, 'waiting')`;

const CLAIM = `
  UPDATE reconciles SET status = 'running', lease_until = ?2 WHERE id = (
    SELECT id FROM reconciles WHERE status = 'waiting' OR (status = 'running' AND lease_until < ?1)
    ORDER BY requested_at LIMIT 1)
  RETURNING id, since, dry_run, position`;

const SETTLE = `
  UPDATE reconciles SET status = ?2, listed = listed + ?3, missing = missing + ?4, recovered = recovered + ?5,
                        redelivered = redelivered + ?6, error = ?7, finished_at = ?8, lease_until = NULL
  WHERE id = ?1`;

const PAUSE = `
  UPDATE reconciles SET listed = listed + ?2, missing = missing + ?3, recovered = recovered + ?4,
                        redelivered = redelivered + ?5, error = ?6, position = ?7, lease_until = ?8
  WHERE id = ?1`;

const INSERT_FOUND = `
  INSERT INTO reconciles (id, requested_by, requested_at, finished_at, status, listed, missing, recovered, redelivered,
                          error)
  VALUES (?1, 'gateway', ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`;
