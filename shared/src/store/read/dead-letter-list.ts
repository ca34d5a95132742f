import * as v from "valibot";
import {
  type DeadLetterDetail,
  type DeadLetterFilter,
  type DeadLetterItem,
  deadLetterDetail,
  deadLetterItem,
  type deadLetterQuery,
} from "../../api/dead-letter.ts";
import { OWN_NAMES } from "../repository-names.ts";
import { type Condition, given, givenTime, type Page, selectPage } from "./page.ts";

/** Dead letters, the latest dead first. */
export function listDeadLetters(
  db: D1Database,
  query: v.InferOutput<typeof deadLetterQuery>,
): Promise<Page<DeadLetterItem>> {
  const { state = "open" } = query;
  return selectPage(db, {
    list: "dead-letters",
    select: SELECT_DEAD_LETTERS,
    conditions: [
      ...given("l.status = ?", state === "any" ? undefined : state),
      ...deadLetterConditions(query),
    ],
    order: ["l.died_at", "l.id"],
    keyOf: ({ died_at, id }) => [died_at, id],
    schema: deadLetterItem,
    limit: query.limit,
    cursor: query.cursor,
  });
}

/** The conditions of a filter over dead letters `l`. */
export const deadLetterConditions = (filter: DeadLetterFilter): readonly Condition[] => [
  ...given(`l.repository IN (${OWN_NAMES})`, filter.repo),
  ...given("l.kind = ?", filter.kind),
  ...given("l.class = ?", filter.class),
  ...given(`${EVENT_OF_DEAD_LETTER} = ?`, filter.event),
  ...givenTime("l.died_at >= ?", filter.since),
  ...givenTime("l.died_at < ?", filter.until),
];

/** Of the fact itself, else of the delivery behind the validation. */
const EVENT_OF_DEAD_LETTER = `
  coalesce(
    CASE WHEN l.kind = 'fact' AND json_valid(l.body) THEN l.body->>'event' END,
    (SELECT d.event FROM validations w JOIN deliveries d ON d.id = w.delivery_id WHERE w.id = l.validation_id))`;

/** One dead letter, with the fact that it holds. */
export async function loadDeadLetter(db: D1Database, id: string): Promise<DeadLetterDetail | undefined> {
  const row = await db
    .prepare(`SELECT ${COLUMNS}, l.body FROM dead_letters l WHERE l.id = ?1`)
    .bind(id)
    .first();
  return row === null ? undefined : v.parse(deadLetterDetail, row);
}

const COLUMNS = `
  l.id, l.kind, l.class, l.error, l.attempts, l.first_at, l.died_at, l.repository, l.delivery_id, l.validation_id,
  l.status, l.replay_id, l.closed_at, l.outcome`;

export const SELECT_DEAD_LETTERS = `SELECT ${COLUMNS} FROM dead_letters l`;
