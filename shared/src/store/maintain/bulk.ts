/** Re-runs and cancels of many validations: who asked for them, and which they are about. */
import * as v from "valibot";
import type { BulkAction, ValidationScope } from "../../api/bulk.ts";
import { type ReplayItem, replayItem } from "../../api/replay.ts";
import { type ValidationItem, validationItem } from "../../api/validation.ts";
import type { ValidationState } from "../../domain/validation.ts";
import { insertAction } from "../operator-action.ts";
import { type Condition, given, givenTime } from "../read/page.ts";
import { SELECT_VALIDATIONS } from "../read/validation-list.ts";
import { loadNames } from "../repository-names.ts";
import { selectReplay } from "./replays.ts";

/** Validations of a scope that are shown before anything happens to them. */
const SAMPLE = 5;

/** What can be run again: it ended, and no newer head took its place. */
const ENDED = ["completed", "failed", "cancelled", "timed_out", "dead"] as const satisfies ValidationState[];
const LIVE = ["held", "queued", "dispatching", "pending", "running"] as const satisfies ValidationState[];
const STATES: Readonly<Record<BulkAction, readonly ValidationState[]>> = { rerun: ENDED, cancel: LIVE };

export interface BulkStart {
  readonly id: string;
  readonly action: BulkAction;
  readonly requestedBy: string;
  readonly reason: string | null;
  readonly scope: ValidationScope;
  readonly rate: number;
}

/** The validations `v` of a scope that a command can do something about. */
export interface Selection {
  readonly from: string;
  readonly where: string;
  readonly bound: readonly (string | number)[];
}

/** Names are looked up: a repository may have had several. */
export async function selectionOf(
  db: D1Database,
  action: BulkAction,
  scope: ValidationScope,
): Promise<Selection> {
  const { ids, filter } = scope;
  const asked = filter?.state?.split(",");
  const states = STATES[action].filter((state) => asked === undefined || asked.includes(state));
  const standing: Condition = ["+v.state IN (SELECT value FROM json_each(?))", JSON.stringify(states)];
  if (ids !== undefined) {
    const from = "(SELECT DISTINCT value FROM json_each(?)) k CROSS JOIN validations v ON v.id = k.value";
    return { from, where: standing[0], bound: [JSON.stringify(ids), standing[1]] };
  }
  const names = filter?.repo === undefined ? undefined : (await loadNames(db, filter.repo)).own;
  const conditions = [
    standing,
    ...given("+v.event = ?", filter?.event),
    ...given("v.pr_number = ?", filter?.pr === undefined ? undefined : Number(filter.pr)),
    ...givenTime("v.created_at >= ?", filter?.since),
    ...givenTime("v.created_at < ?", filter?.until),
  ];
  return {
    from:
      names === undefined
        ? "validations v"
        : "json_each(?) k CROSS JOIN validations v ON v.repository = k.value",
    where: conditions.map(([sql]) => sql).join(" AND "),
    bound: [...(names === undefined ? [] : [JSON.stringify(names)]), ...conditions.map(([, value]) => value)],
  };
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
    db
      .prepare(`${select} WHERE ${where} ORDER BY v.created_at DESC, v.id DESC LIMIT ${SAMPLE}`)
      .bind(...bound),
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
