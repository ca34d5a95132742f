import * as v from "valibot";
import {
  reportItem,
  timelineItem,
  type ValidationDetail,
  type ValidationItem,
  validationItem,
  type validationQuery,
} from "../../api/validation.ts";
import { isObject } from "../../domain/results/summary.ts";
import { pullRequestSubject } from "../../domain/subject.ts";
import { LIVE_STATES } from "../../domain/validation.ts";
import { flag } from "../flag.ts";
import { loadRepositoryId } from "../repository-names.ts";
import { given, type Page } from "./page.ts";
import { type Few, NOTHING, selectWindows } from "./window.ts";

/** Validations, newest first. */
export async function listValidations(
  db: D1Database,
  query: v.InferOutput<typeof validationQuery>,
): Promise<Page<ValidationItem>> {
  const { repo, state, pr, sha, event, since, until, limit, cursor } = query;
  const repositoryId = repo === undefined ? undefined : await loadRepositoryId(db, repo);
  if (repositoryId === null) return NOTHING;
  const states = state === undefined ? undefined : [...new Set(state.split(","))];
  const number = pr === undefined ? undefined : Number(pr);
  const few = await fewOf(db, { repositoryId, number, sha, states });
  return selectWindows(db, {
    list: "validations",
    from: ["validations", "v"],
    columns: COLUMNS,
    along: given("v.repository_id = ?", repositoryId),
    few,
    filters: [
      ...(few === undefined ? [] : given("+v.repository_id = ?", repositoryId)),
      ...given("+v.pr_number = ?", number),
      ...given("+v.event = ?", event),
      ...given("+v.state IN (SELECT value FROM json_each(?))", states && JSON.stringify(states)),
    ],
    ...{ since, until, limit, cursor },
    schema: validationItem,
  });
}

interface Narrowed {
  readonly repositoryId: number | undefined;
  readonly number: number | undefined;
  readonly sha: string | undefined;
  readonly states: readonly string[] | undefined;
}

/** What has not ended is read as a whole up to this many, whatever it is filtered by. */
const FEW_UNFINISHED = 5_000;

/** The conditions of filters that few rows meet. */
async function fewOf(
  db: D1Database,
  { repositoryId, number, sha, states }: Narrowed,
): Promise<Few | undefined> {
  if (sha !== undefined) {
    // As a range, which an index serves: `g` comes after every hexadecimal digit.
    return [
      {
        conditions: [
          ["v.head_sha >= ?", sha],
          ["v.head_sha < ?", `${sha}g`],
        ],
      },
    ];
  }
  if (number !== undefined && repositoryId !== undefined) {
    const prefix = `${repositoryId}-${pullRequestSubject(number)}`;
    const group = "v.event = 'merge_group' AND v.repository_id = ?";
    return [
      {
        conditions: [
          ["v.id > ?", `${prefix}-`],
          ["v.id < ?", `${prefix}.`],
        ],
      },
      {
        conditions: [
          [group, repositoryId],
          ["v.pr_number = ?", number],
        ],
      },
    ];
  }
  if (states === undefined || !states.every((one) => UNFINISHED.includes(one))) return undefined;
  const standing = await db.prepare(SELECT_STANDING).first();
  const { n } = v.parse(v.object({ n: v.number() }), standing);
  if (n > FEW_UNFINISHED) return undefined;
  const unfinished = "v.finished_at IS NULL AND v.state IN (SELECT value FROM json_each(?))";
  return [{ index: "validations_unfinished", conditions: [[unfinished, JSON.stringify(states)]] }];
}

const UNFINISHED: readonly string[] = ["held", ...LIVE_STATES];

const SELECT_STANDING = "SELECT coalesce(sum(n), 0) AS n FROM tallies WHERE kind = 'standing'";

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

/** Columns of a validation that are read beside those of its item. */
export const detailFields = {
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
};

const detailRow = v.object({
  ...validationItem.entries,
  ...detailFields,
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
