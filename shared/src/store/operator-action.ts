/** What people asked for: rows that are only added. */
import type { ActionItem, ActionName } from "../api/action.ts";

export interface OperatorAction extends ActionItem {
  readonly action: ActionName;
}

const COLUMNS = ["id", "at", "actor", "action", "target", "reason", "outcome"] as const;

/** Takes rows as one JSON parameter. The same action is recorded once. */
export const INSERT_ACTIONS = `
  INSERT INTO operator_actions (${COLUMNS.join(", ")})
  SELECT ${COLUMNS.map((column) => `value->>'${column}'`).join(", ")} FROM json_each(?1) WHERE true
  ON CONFLICT (id) DO NOTHING`;

/** For the transaction that carries the action out. */
export const insertAction = (db: D1Database, action: OperatorAction): D1PreparedStatement =>
  db.prepare(INSERT_ACTIONS).bind(JSON.stringify([action]));

/** So many refusals of one actor are kept a day: nobody can fill the table. */
export const MAX_REFUSALS = 200;
const DAY_MS = 86_400_000;

/** Records an action that was refused, unless its actor was refused too often. */
export async function insertRefusal(db: D1Database, refused: Omit<OperatorAction, "outcome">): Promise<void> {
  const { id, at, actor, action, target, reason } = refused;
  const dayBefore = new Date(Date.parse(at) - DAY_MS).toISOString();
  await db.prepare(INSERT_REFUSAL).bind(id, at, actor, action, target, reason, dayBefore).run();
}

const INSERT_REFUSAL = `
  INSERT INTO operator_actions (${COLUMNS.join(", ")})
  SELECT ?1, ?2, ?3, ?4, ?5, ?6, 'refused' WHERE (
    SELECT count(*) FROM (
      SELECT 1 FROM operator_actions INDEXED BY operator_actions_by_actor
      WHERE actor = ?3 AND at > ?7 LIMIT ${MAX_REFUSALS})) < ${MAX_REFUSALS}`;
