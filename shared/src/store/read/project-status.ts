import * as v from "valibot";
import { isSameName, loadNames } from "../repository-names.ts";

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
  const [event, counts, latest] = await db.batch<Record<string, unknown>>([
    db.prepare(SELECT_LAST_EVENT).bind(id),
    db.prepare(SELECT_STATES).bind(JSON.stringify(own), id),
    db.prepare(SELECT_LATEST).bind(id),
  ]);
  const states: Record<string, number> = {};
  for (const { state, validations } of v.parse(v.array(countRow), counts?.results)) {
    states[state] = (states[state] ?? 0) + validations;
  }
  return {
    renamedTo: current === null || isSameName(current, repository) ? null : current,
    lastEvent: v.parse(v.array(eventRow), event?.results)[0] ?? null,
    states,
    validations: v.parse(v.array(validationRow), latest?.results),
  };
}

const SELECT_LAST_EVENT = `
  SELECT id, event, action, received_at FROM deliveries WHERE repository_id = ?1 ORDER BY seq DESC LIMIT 1`;

/** Those that have ended may be a million, and are counted already; the others are counted where they stand. */
const SELECT_STATES = `
  SELECT t.name AS state, t.n AS validations FROM json_each(?1) k CROSS JOIN tallies t ON t.kind = 'repository' AND t.key = k.value
  WHERE t.n > 0
  UNION ALL
  SELECT state, count(*) FROM validations INDEXED BY validations_unfinished
  WHERE repository_id = ?2 AND finished_at IS NULL AND state <> 'held' GROUP BY state`;

const SELECT_LATEST = `
  SELECT id, pr_number, head_sha, state, conclusion, created_at, finished_at
  FROM validations WHERE repository_id = ?1 ORDER BY seq DESC LIMIT ${LATEST}`;
