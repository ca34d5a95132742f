/** Replays and discards of dead letters, and the progress of all commands about many rows: who asked for them, and their progress. */
import * as v from "valibot";
import { type DeadLetterItem, type DeadLetterScope, deadLetterItem } from "../../api/dead-letter.ts";
import { type ReplayItem, replayItem, type replayQuery } from "../../api/replay.ts";
import { insertAction } from "../operator-action.ts";
import { deadLetterConditions, SELECT_DEAD_LETTERS } from "../read/dead-letter-list.ts";
import { type Condition, type Page, selectPage } from "../read/page.ts";

/** Dead letters of a scope that are shown before anything happens to them. */
const SAMPLE = 5;

export interface ReplayStart {
  readonly id: string;
  readonly action: "replay" | "discard";
  readonly requestedBy: string;
  readonly reason: string | null;
  readonly scope: DeadLetterScope;
  readonly rate: number;
}

/** How many open dead letters a scope has, and the first of them. */
export async function previewDeadLetters(
  db: D1Database,
  scope: DeadLetterScope,
): Promise<{ readonly total: number; readonly sample: DeadLetterItem[] }> {
  const { where, bound } = whereOf(scope);
  const [count, sample] = await db.batch<Record<string, unknown>>([
    db.prepare(`SELECT count(*) AS n FROM dead_letters l WHERE ${where}`).bind(...bound),
    db
      .prepare(`${SELECT_DEAD_LETTERS} WHERE ${where} ORDER BY l.died_at DESC, l.id DESC LIMIT ${SAMPLE}`)
      .bind(...bound),
  ]);
  return {
    total: v.parse(v.tuple([v.object({ n: v.number() })]), count?.results)[0].n,
    sample: v.parse(v.array(deadLetterItem), sample?.results ?? []),
  };
}

/** The dead letters of these that a replay has already. */
export async function loadUnderWay(db: D1Database, ids: readonly string[]): Promise<string[]> {
  const { results } = await db.prepare(SELECT_UNDER_WAY).bind(JSON.stringify(ids)).all();
  return v.parse(v.array(v.object({ id: v.string() })), results).map(({ id }) => id);
}

/**
 * Takes the open dead letters of a scope, in one transaction with the row that says who asked for it. Discarded ones
 * are closed; the others wait for the consumer.
 */
export async function startReplay(db: D1Database, start: ReplayStart, now: string): Promise<ReplayItem> {
  const { id, action, requestedBy, reason, scope, rate } = start;
  const asked = { id, at: now, actor: requestedBy, action, target: id, reason, outcome: "done" } as const;
  const { where, bound } = whereOf(scope);
  const taken =
    action === "replay"
      ? `status = 'replaying', replay_id = ?, outcome = NULL`
      : `status = 'discarded', replay_id = ?, closed_at = ?, outcome = 'discarded'`;
  const values = action === "replay" ? [id] : [id, now];
  const [, , row] = await db.batch<Record<string, unknown>>([
    db
      .prepare(`${INSERT} (SELECT count(*) AS n FROM dead_letters l WHERE ${where}) AS counted`)
      .bind(id, action, requestedBy, now, reason, JSON.stringify(scope), rate, ...bound),
    db
      .prepare(
        `UPDATE dead_letters SET ${taken} WHERE id IN (SELECT l.id FROM dead_letters l WHERE ${where})`,
      )
      .bind(...values, ...bound),
    selectReplay(db, id),
    insertAction(db, asked),
  ]);
  return v.parse(v.tuple([replayItem]), row?.results)[0];
}

/** Replays and other commands about many rows, the latest first. */
export function listReplays(
  db: D1Database,
  query: v.InferOutput<typeof replayQuery>,
): Promise<Page<ReplayItem>> {
  return selectPage(db, {
    list: "replays",
    select: SELECT_REPLAYS,
    conditions: [],
    order: ["r.requested_at", "r.id"],
    keyOf: ({ requested_at, id }) => [requested_at, id],
    schema: replayItem,
    limit: query.limit,
    cursor: query.cursor,
  });
}

export const selectReplay = (db: D1Database, id: string): D1PreparedStatement =>
  db.prepare(SELECT_REPLAYS.map((select) => `${select} WHERE r.id = ?1`).join(" UNION ALL ")).bind(id);

export async function loadReplay(db: D1Database, id: string): Promise<ReplayItem | undefined> {
  const row = await selectReplay(db, id).first();
  return row === null ? undefined : v.parse(replayItem, row);
}

/**
 * Ends a replay. What it has not reached is open again. One that has ended stays as it is.
 * @param asked the id of the action, and who asks
 */
export async function cancelReplay(
  db: D1Database,
  id: string,
  asked: { readonly id: string; readonly actor: string },
  now: string,
): Promise<ReplayItem | undefined> {
  await db.batch([
    ...["replays", "bulk_commands"].map((table) =>
      db.prepare(recordCancel(table)).bind(asked.id, now, asked.actor, id),
    ),
    db.prepare(CANCEL).bind(id, now),
    db.prepare(CANCEL_BULK).bind(id, now),
    db.prepare(REOPEN).bind(id),
  ]);
  return loadReplay(db, id);
}

function whereOf(scope: DeadLetterScope): { readonly where: string; readonly bound: (string | number)[] } {
  const conditions: readonly Condition[] =
    scope.ids === undefined
      ? deadLetterConditions(scope.filter ?? {})
      : [["l.id IN (SELECT value FROM json_each(?))", JSON.stringify(scope.ids)]];
  return {
    where: ["l.status = 'open'", ...conditions.map(([sql]) => sql)].join(" AND "),
    bound: conditions.map(([, value]) => value),
  };
}

/** From both tables, with the same columns. */
const SELECT_REPLAYS: readonly string[] = [
  `SELECT r.id, r.action, r.requested_by, r.requested_at, r.reason, r.scope, coalesce(r.rate, 0) AS rate, r.total,
          r.replayed, r.failed, r.status, r.finished_at
   FROM replays r`,
  `SELECT r.id, r.action, r.requested_by, r.requested_at, r.reason, r.scope, r.rate, r.total,
          r.processed AS replayed, r.left_alone AS failed, r.status, r.finished_at
   FROM bulk_commands r`,
];

const SELECT_UNDER_WAY = `
  SELECT id FROM dead_letters WHERE status = 'replaying' AND id IN (SELECT value FROM json_each(?1))`;

/** A discard is done at once, and so is a replay of nothing. The query that counts `n` follows. */
const INSERT = `
  INSERT INTO replays (id, action, requested_by, requested_at, reason, scope, rate, total, replayed, status, finished_at)
  SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, n, CASE ?2 WHEN 'discard' THEN n ELSE 0 END,
         CASE WHEN ?2 = 'discard' OR n = 0 THEN 'done' ELSE 'running' END,
         CASE WHEN ?2 = 'discard' OR n = 0 THEN ?4 END
  FROM`;

const recordCancel = (table: string): string => `
  INSERT INTO operator_actions (id, at, actor, action, target, outcome)
  SELECT ?1, ?2, ?3, 'cancel-replay', id, CASE status WHEN 'running' THEN 'done' ELSE 'unchanged' END
  FROM ${table} WHERE id = ?4`;

const CANCEL_BULK = `
  UPDATE bulk_commands SET status = 'cancelled', finished_at = ?2, lease_until = NULL
  WHERE id = ?1 AND status = 'running'`;

const CANCEL = `
  UPDATE replays SET
    status = 'cancelled', finished_at = ?2, lease_until = NULL,
    replayed = total - (SELECT count(*) FROM dead_letters WHERE status = 'replaying' AND replay_id = ?1)
  WHERE id = ?1 AND status = 'running'`;

const REOPEN = `
  UPDATE dead_letters SET status = 'open', replay_id = NULL WHERE replay_id = ?1 AND status = 'replaying'
    AND EXISTS (SELECT 1 FROM replays WHERE id = ?1 AND status = 'cancelled')`;
