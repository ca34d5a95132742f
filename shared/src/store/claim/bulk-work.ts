/** Performing re-runs and cancels of many validations: which are next, and how far it is. */
import * as v from "valibot";
import { BULK_ACTIONS, validationScope } from "../../api/validation-scope.ts";
import { isoTime } from "../../text/iso-time.ts";
import { firstSeq } from "../sql/seq.ts";
import { selectionOf } from "./selection.ts";

const claimedRow = v.object({
  id: v.string(),
  action: v.picklist(BULK_ACTIONS),
  requested_by: v.string(),
  requested_at: v.string(),
  scope: v.pipe(v.string(), v.parseJson(), validationScope),
  /** Validations a minute. */
  rate: v.number(),
  /** Up to when the rate is used up; null before the first validation. */
  paced_at: v.nullable(v.string()),
  /** The last validation that was processed; empty before the first. */
  reached_at: v.string(),
  reached_id: v.string(),
});
export type ClaimedBulk = v.InferOutput<typeof claimedRow>;

const nextRow = v.object({ id: v.string(), created_at: v.string() });
export type NextValidation = v.InferOutput<typeof nextRow>;

/** Claims every running command that no other consumer works on. */
export async function claimBulks(
  db: D1Database,
  now: string,
  leaseUntil: string,
): Promise<readonly ClaimedBulk[]> {
  const { results } = await db.prepare(CLAIM).bind(now, leaseUntil).all();
  return v.parse(v.array(claimedRow), results);
}

/**
 * The next validations, the oldest first: those that were there when it was asked for. It reads on from where it was,
 * so all steps together read what the scope spans once.
 */
export async function loadNext(db: D1Database, bulk: ClaimedBulk, limit: number): Promise<NextValidation[]> {
  const { from, where, bound } = await selectionOf(db, bulk.action, bulk.scope);
  const sql = `
    SELECT v.id, v.created_at FROM ${from}
    WHERE ${where} AND v.seq < CAST(? AS INTEGER) AND v.seq > ${REACHED}
    ORDER BY v.seq LIMIT ${limit}`;
  const after = isoTime(Date.parse(bulk.requested_at) + 1);
  const reached = bulk.reached_at === "" ? "0" : firstSeq(bulk.reached_at);
  const { results } = await db
    .prepare(sql)
    .bind(...bound, firstSeq(after), bulk.reached_id, reached)
    .all();
  return v.parse(v.array(nextRow), results);
}

/** One that was deleted meanwhile is gone on from by its time. */
const REACHED = "coalesce((SELECT r.seq FROM validations r WHERE r.id = ?), CAST(? AS INTEGER) - 1)";

export interface BulkProgress {
  readonly last: NextValidation | undefined;
  readonly processed: number;
  readonly leftAlone: number;
  readonly pacedAt: string | null;
  /** Nothing is left. */
  readonly done: boolean;
}

/**
 * Stores how far a command is, and releases it.
 * @returns whether it goes on
 */
export async function settleBulk(
  db: D1Database,
  id: string,
  { last, processed, leftAlone, pacedAt, done }: BulkProgress,
  now: string,
): Promise<boolean> {
  const { meta } = await db
    .prepare(SETTLE)
    .bind(id, processed, leftAlone, pacedAt, last?.created_at ?? null, last?.id ?? null, done ? now : null)
    .run();
  return meta.changes === 1 && !done;
}

const CLAIM = `
  UPDATE bulk_commands SET lease_until = ?2
  WHERE status = 'running' AND (lease_until IS NULL OR lease_until < ?1)
  RETURNING id, action, requested_by, requested_at, scope, rate, paced_at, reached_at, reached_id`;

/** What was cancelled meanwhile stays so. What it is about may have become less since it was asked for. */
const SETTLE = `
  UPDATE bulk_commands SET
    processed = processed + ?2, left_alone = left_alone + ?3, paced_at = coalesce(?4, paced_at),
    reached_at = coalesce(?5, reached_at), reached_id = coalesce(?6, reached_id), lease_until = NULL,
    total = CASE WHEN ?7 IS NULL THEN max(total, processed + ?2) ELSE processed + ?2 END,
    status = CASE WHEN ?7 IS NULL THEN status ELSE 'done' END, finished_at = ?7
  WHERE id = ?1 AND status = 'running'`;
