import * as v from "valibot";
import { isSameName, loadNames } from "../repository-names.ts";
import { compareKeys } from "./page.ts";

const eventRow = v.object({
  id: v.string(),
  event: v.string(),
  action: v.nullable(v.string()),
  received_at: v.string(),
});
const countRow = v.object({ state: v.string(), validations: v.number() });
const validationRow = v.object({
  id: v.string(),
  pr_number: v.number(),
  head_sha: v.string(),
  state: v.string(),
  conclusion: v.nullable(v.string()),
  created_at: v.string(),
  finished_at: v.nullable(v.string()),
});

/** What is known of one repository, under all names that are its own. */
export interface ProjectStatus {
  /** Its name of now, if that is another one than it was asked for by. */
  readonly renamedTo: string | null;
  readonly lastEvent: v.InferOutput<typeof eventRow> | null;
  /** Validations by state. */
  readonly states: Readonly<Record<string, number>>;
  /** The latest 10, newest first. */
  readonly validations: readonly v.InferOutput<typeof validationRow>[];
}

/** Validations of one answer. */
const LATEST = 10;

/** Reads a repository's status. Names are compared as GitHub does, without regard to case. */
export async function loadProjectStatus(db: D1Database, repository: string): Promise<ProjectStatus> {
  const { id, current, own } = await loadNames(db, repository);
  // A statement a name: each walks an index, and there is seldom more than one.
  const each = (sql: string) => own.map((name) => db.prepare(sql).bind(name));
  const [event, ...read] = await db.batch<Record<string, unknown>>([
    db.prepare(SELECT_LAST_EVENT).bind(id),
    ...each(SELECT_STATES),
    ...each(SELECT_LATEST),
  ]);
  const rowsOf = (part: number) =>
    read.slice(part * own.length, (part + 1) * own.length).flatMap(({ results }) => results);
  const states: Record<string, number> = {};
  for (const { state, validations } of v.parse(v.array(countRow), rowsOf(0))) {
    states[state] = (states[state] ?? 0) + validations;
  }
  return {
    renamedTo: current === null || isSameName(current, repository) ? null : current,
    lastEvent: v.parse(v.array(eventRow), event?.results)[0] ?? null,
    states,
    validations: v
      .parse(v.array(validationRow), rowsOf(1))
      .toSorted((a, b) => compareKeys([b.created_at, b.id], [a.created_at, a.id]))
      .slice(0, LATEST),
  };
}

const SELECT_LAST_EVENT = `
  SELECT id, event, action, received_at FROM deliveries WHERE repository_id = ?1 ORDER BY seq DESC LIMIT 1`;

/** Those that have ended may be a million, and are counted already; the others are counted where they stand. */
const SELECT_STATES = `
  SELECT name AS state, n AS validations FROM tallies WHERE kind = 'repository' AND key = ?1 AND n > 0
  UNION ALL
  SELECT state, count(*) FROM validations
  WHERE repository = ?1 AND state IN ('queued', 'dispatching', 'pending', 'running') GROUP BY state`;

const SELECT_LATEST = `
  SELECT id, pr_number, head_sha, state, conclusion, created_at, finished_at
  FROM validations WHERE repository = ?1 ORDER BY created_at DESC LIMIT ${LATEST}`;
