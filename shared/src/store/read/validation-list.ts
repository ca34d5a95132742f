import * as v from "valibot";
import {
  reportItem,
  timelineItem,
  type ValidationDetail,
  type ValidationItem,
  validationItem,
  type validationQuery,
} from "../../api/validation.ts";
import { isObject } from "../../domain/results-summary.ts";
import { flag } from "../flag.ts";
import { loadNames } from "../repository-names.ts";
import { type Condition, given, givenTime, leading, type Page, selectPage } from "./page.ts";

/** Validations, newest first. */
export async function listValidations(
  db: D1Database,
  query: v.InferOutput<typeof validationQuery>,
): Promise<Page<ValidationItem>> {
  const { repo, state, pr, sha, event } = query;
  const lead = leadOf(query);
  const byPull = lead === "repo" || lead === "pr";
  const names = repo === undefined ? [] : (await loadNames(db, repo)).own;
  const named = names.map((name): Condition => [leading("v.repository = ?", byPull), name]);
  const states = [...new Set(state?.split(","))];
  const standing = states.map((one): Condition => [STATE_IS[lead] ?? "+v.state = ?", one]);
  return selectPage(db, {
    list: "validations",
    select: SELECT_VALIDATIONS,
    conditions: [
      ...given(leading("v.event = ?", lead === "event"), event),
      ...given(leading("v.pr_number = ?", lead === "pr"), pr === undefined ? undefined : Number(pr)),
      ...(sha === undefined ? [] : startsWith(sha)),
      ...givenTime(leading("v.created_at >= ?", lead !== "sha"), query.since),
      ...givenTime(leading("v.created_at < ?", lead !== "sha"), query.until),
    ],
    anyOf: eachWithEach(named, standing),
    order: ["v.created_at", "v.id"],
    keyOf: ({ created_at, id }) => [created_at, id],
    schema: validationItem,
    limit: query.limit,
    cursor: query.cursor,
  });
}

/** Every pair of the two; if one is empty, the other alone. */
function eachWithEach(ones: readonly Condition[], others: readonly Condition[]): (readonly Condition[])[] {
  if (ones.length === 0 || others.length === 0) return [...ones, ...others].map((one) => [one]);
  return ones.flatMap((one) => others.map((other) => [one, other]));
}

/** The filter that probably leaves the fewest rows: its index is used. */
function leadOf({ repo, state, pr, sha }: v.InferOutput<typeof validationQuery>) {
  if (sha !== undefined) return "sha";
  if (pr !== undefined) return "pr";
  if (repo !== undefined) return "repo";
  return state === undefined ? "event" : "state";
}

/** As validations_by_state_time and validations_by_state have it. */
const STATE_IS: Readonly<Record<string, string>> = { state: "v.state || '' = ?", repo: "v.state = ?" };

/** As a range, which an index serves: `g` comes after every hexadecimal digit. */
const startsWith = (sha: string) => [
  ["v.head_sha >= ?", sha] as const,
  ["v.head_sha < ?", `${sha}g`] as const,
];

/** One validation with its timeline, results and report. */
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
    archived_at: null,
    timeline: v.parse(v.array(timelineItem), timeline?.results ?? []),
    report: v.parse(v.array(reportItem), report?.results ?? [])[0] ?? null,
  };
}

const detailRow = v.object({
  ...validationItem.entries,
  cause: v.string(),
  delivery_id: v.string(),
  reason: v.nullable(v.string()),
  fork: flag,
  head_repository: v.nullable(v.string()),
  author: v.nullable(v.string()),
  author_association: v.nullable(v.string()),
  trusted: flag,
  tree_sha: v.nullable(v.string()),
  reused_from: v.nullable(v.string()),
  // As it is: a record would leave out keys such as `constructor`.
  results: v.nullable(v.pipe(v.string(), v.parseJson(), v.custom<Record<string, unknown>>(isObject))),
});

const COLUMNS = `
  v.id, v.repository, v.pr_number, v.pr_url, v.event, v.ref, v.head_sha, v.base_sha, v.run, v.state, v.conclusion,
  CASE v.lane % 2 WHEN 0 THEN 'live' ELSE 'replay' END AS lane, v.attempts, v.due_at, v.grainchain_id, v.error,
  v.created_at, v.dispatched_at, v.started_at, v.finished_at, v.heard_at`;

export const SELECT_VALIDATIONS = `SELECT ${COLUMNS} FROM validations v`;

const SELECT_DETAIL = `
  SELECT ${COLUMNS}, v.cause, v.delivery_id, v.reason, v.fork, v.head_repository, v.author, v.author_association,
         v.trusted, v.tree_sha, v.reused_from, v.results
  FROM validations v WHERE v.id = ?1`;

const SELECT_TIMELINE = `
  SELECT at, from_state, to_state, reason, delivery_id FROM timeline WHERE validation_id = ?1 ORDER BY id`;

const SELECT_REPORT = `
  SELECT state, status, reason, error, attempts, wanted_at, due_at, posted_state, posted_at FROM reports
  WHERE validation_id = ?1`;
