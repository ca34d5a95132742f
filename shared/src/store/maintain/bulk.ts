/** Re-runs and cancels of many validations: who asked for them, and which they are about. */
import * as v from "valibot";
import { type ReplayItem, replayItem } from "../../api/replay.ts";
import { type ValidationItem, validationItem } from "../../api/validation.ts";
import type { BulkAction, ValidationScope } from "../../api/validation-scope.ts";
import { selectionOf } from "../claim/selection.ts";
import { insertAction } from "../operator-action.ts";
import { SELECT_VALIDATIONS } from "../read/validation-list.ts";
import { selectReplay } from "./replays.ts";

/** Validations of a scope that are shown before anything happens to them. */
const SAMPLE = 5;

export interface BulkStart {
  readonly id: string;
  readonly action: BulkAction;
  readonly requestedBy: string;
  readonly reason: string | null;
  readonly scope: ValidationScope;
  readonly rate: number;
}

/** How many validations a command would be about, and the first of them. */
export async function previewBulk(
  db: D1Database,
  action: BulkAction,
  scope: ValidationScope,
): Promise<{ readonly total: number; readonly sample: ValidationItem[] }> {
  const { from, where, bound } = await selectionOf(db, action, scope);
  const select = SELECT_VALIDATIONS.replace("FROM validations v", `FROM ${from}`);
  const [count, sample] = await db.batch<Record<string, unknown>>([
    db.prepare(`SELECT count(*) AS n FROM ${from} WHERE ${where}`).bind(...bound),
    db.prepare(`${select} WHERE ${where} ORDER BY v.seq DESC LIMIT ${SAMPLE}`).bind(...bound),
  ]);
  return {
    total: v.parse(v.tuple([v.object({ n: v.number() })]), count?.results)[0].n,
    sample: v.parse(v.array(validationItem), sample?.results ?? []),
  };
}

/** Stores a command, in one transaction with the row that says who asked for it. The consumer carries it out. */
export async function startBulk(
  db: D1Database,
  start: BulkStart,
  total: number,
  now: string,
): Promise<ReplayItem> {
  const { id, action, requestedBy: actor, reason, scope, rate } = start;
  const asked = { id, at: now, actor, action, target: id, reason, outcome: "done" } as const;
  const [, , row] = await db.batch<Record<string, unknown>>([
    db.prepare(INSERT).bind(id, action, actor, now, reason, JSON.stringify(scope), rate, total),
    insertAction(db, asked),
    selectReplay(db, id),
  ]);
  return v.parse(v.tuple([replayItem]), row?.results)[0];
}

const INSERT = `
  INSERT INTO bulk_commands (id, action, requested_by, requested_at, reason, scope, rate, total, status)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'running')`;
