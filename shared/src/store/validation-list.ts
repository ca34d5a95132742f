import * as v from "valibot";
import {
  reportItem,
  timelineItem,
  type ValidationDetail,
  type ValidationItem,
  validationItem,
  type validationQuery,
} from "../api/validation.ts";
import { given, givenTime, type Page, selectPage } from "./page.ts";

/** Validations, the latest first. */
export function listValidations(
  db: D1Database,
  query: v.InferOutput<typeof validationQuery>,
): Promise<Page<ValidationItem>> {
  const { state, sha } = query;
  return selectPage(db, {
    select: SELECT_VALIDATIONS,
    conditions: [
      ...given("v.repository = ?", query.repo),
      ...given("v.event = ?", query.event),
      ...given("v.state IN (SELECT value FROM json_each(?))", state && JSON.stringify(state.split(","))),
      ...given("v.pr_number = ?", query.pr === undefined ? undefined : Number(query.pr)),
      ...(sha === undefined ? [] : startsWith(sha)),
      ...givenTime("v.created_at >= ?", query.since),
      ...givenTime("v.created_at < ?", query.until),
    ],
    order: ["v.created_at", "v.id"],
    keyOf: ({ created_at, id }) => [created_at, id],
    schema: validationItem,
    limit: query.limit,
    cursor: query.cursor,
  });
}

/** As a range, which an index serves: `g` comes after every hexadecimal digit. */
const startsWith = (sha: string) => [
  ["v.head_sha >= ?", sha] as const,
  ["v.head_sha < ?", `${sha}g`] as const,
];

/** One validation, whole. */
export async function loadValidationDetail(
  db: D1Database,
  id: string,
): Promise<ValidationDetail | undefined> {
  const [row, timeline, report] = await db.batch<Record<string, unknown>>([
    db.prepare(SELECT_DETAIL).bind(id),
    db.prepare(SELECT_TIMELINE).bind(id),
    db.prepare(SELECT_REPORT).bind(id),
  ]);
  const [found] = v.parse(v.array(detailRow), row?.results ?? []);
  if (found === undefined) return undefined;
  return {
    ...found,
    timeline: v.parse(v.array(timelineItem), timeline?.results ?? []),
    report: v.parse(v.array(reportItem), report?.results ?? [])[0] ?? null,
  };
}

const detailRow = v.object({
  ...validationItem.entries,
  cause: v.string(),
  delivery_id: v.string(),
  results: v.nullable(v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.unknown()))),
});

const COLUMNS = `
  v.id, v.repository, v.pr_number, v.pr_url, v.event, v.ref, v.head_sha, v.base_sha, v.run, v.state, v.conclusion,
  CASE v.lane WHEN 0 THEN 'live' ELSE 'replay' END AS lane, v.attempts, v.due_at, v.grainchain_id, v.error,
  v.created_at, v.dispatched_at, v.started_at, v.finished_at, v.heard_at`;

export const SELECT_VALIDATIONS = `SELECT ${COLUMNS} FROM validations v`;

const SELECT_DETAIL = `
  SELECT ${COLUMNS}, v.cause, v.delivery_id, v.results FROM validations v WHERE v.id = ?1`;

const SELECT_TIMELINE = `
  SELECT at, from_state, to_state, reason, delivery_id FROM timeline WHERE validation_id = ?1 ORDER BY id`;

const SELECT_REPORT = `
  SELECT state, status, reason, error, attempts, wanted_at, due_at, posted_state, posted_at FROM reports
  WHERE validation_id = ?1`;
