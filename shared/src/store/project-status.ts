import * as v from "valibot";

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

/** What is known of one repository. */
export interface ProjectStatus {
  readonly lastEvent: v.InferOutput<typeof eventRow> | null;
  /** Validations by state. */
  readonly states: Readonly<Record<string, number>>;
  /** The latest 10, newest first. */
  readonly validations: readonly v.InferOutput<typeof validationRow>[];
}

/** Reads a repository's status. Names are compared as GitHub does, without regard to case. */
export async function loadProjectStatus(db: D1Database, repository: string): Promise<ProjectStatus> {
  const [event, states, validations] = await db.batch<Record<string, unknown>>([
    db.prepare(SELECT_LAST_EVENT).bind(repository),
    db.prepare(SELECT_STATES).bind(repository),
    db.prepare(SELECT_LATEST).bind(repository),
  ]);
  const [lastEvent = null] = v.parse(v.array(eventRow), event?.results ?? []);
  const counts = v.parse(v.array(countRow), states?.results ?? []);
  return {
    lastEvent,
    states: Object.fromEntries(counts.map((row) => [row.state, row.validations])),
    validations: v.parse(v.array(validationRow), validations?.results ?? []),
  };
}

const SELECT_LAST_EVENT = `
  SELECT id, event, action, received_at FROM deliveries WHERE repository = ?1 ORDER BY received_at DESC LIMIT 1`;

/** Those that have ended may be a million, and are counted already; the others are counted where they stand. */
const SELECT_STATES = `
  SELECT name AS state, n AS validations FROM tallies WHERE kind = 'repository' AND key = ?1 AND n > 0
  UNION ALL
  SELECT state, count(*) FROM validations
  WHERE repository = ?1 AND state IN ('queued', 'dispatching', 'pending', 'running') GROUP BY state`;

const SELECT_LATEST = `
  SELECT id, pr_number, head_sha, state, conclusion, created_at, finished_at
  FROM validations WHERE repository = ?1 ORDER BY created_at DESC LIMIT 10`;
