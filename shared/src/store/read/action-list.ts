import type * as v from "valibot";
import { type ActionItem, actionItem, type actionQuery } from "../../api/action.ts";
import { given, givenTime, leading, type Page, selectPage } from "./page.ts";

/** What people asked for, the latest first. */
export function listActions(
  db: D1Database,
  query: v.InferOutput<typeof actionQuery>,
): Promise<Page<ActionItem>> {
  const { actor, action, outcome } = query;
  return selectPage(db, {
    list: "actions",
    select: SELECT_ACTIONS,
    conditions: [
      ...given("a.actor = ?", actor),
      ...given(leading("a.action = ?", actor === undefined), action),
      ...given(leading("a.outcome = ?", actor === undefined && action === undefined), outcome),
      ...givenTime("a.at >= ?", query.since),
      ...givenTime("a.at < ?", query.until),
    ],
    order: ["a.at", "a.id"],
    keyOf: ({ at, id }) => [at, id],
    schema: actionItem,
    limit: query.limit,
    cursor: query.cursor,
  });
}

const SELECT_ACTIONS =
  "SELECT a.id, a.at, a.actor, a.action, a.target, a.reason, a.outcome FROM operator_actions a";
