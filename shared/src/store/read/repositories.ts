/** What is known of single repositories: their pauses, and how long their validations take. */
import * as v from "valibot";
import type { PauseItem } from "../../api/pause.ts";
import { listPauses } from "../pauses.ts";
import { loadNames } from "../repository-names.ts";

const repositoryTimes = v.object({
  repository: v.string(),
  /** That ended, of those queued within the last 24 hours. */
  validations: v.number(),
  p50_ms: v.number(),
  p95_ms: v.number(),
  p99_ms: v.number(),
});
export type RepositoryTimes = v.InferOutput<typeof repositoryTimes>;

export interface Repository {
  /** The name that it has now. */
  readonly name: string;
  /** Its own pause, and that of all. */
  readonly pauses: readonly PauseItem[];
  /** Undefined if nothing has ended. */
  readonly times: RepositoryTimes | undefined;
}

const MAX_REPOSITORIES = 200;

/** The slowest first. */
export const listRepositoryTimes = (db: D1Database): Promise<RepositoryTimes[]> => selectTimes(db, null);

/** @param asked a name that it has or had @returns undefined if no repository is known to have had it */
export async function loadRepository(
  db: D1Database,
  asked: string,
  now: string,
): Promise<Repository | undefined> {
  const { id, current: name } = await loadNames(db, asked);
  if (id === null || name === null) return undefined;
  const [pauses, [times]] = await Promise.all([listPauses(db, now, id), selectTimes(db, name)]);
  return { name, pauses, times };
}

async function selectTimes(db: D1Database, repository: string | null): Promise<RepositoryTimes[]> {
  const { results } = await db.prepare(SELECT_TIMES).bind(repository).all();
  return v.parse(v.array(repositoryTimes), results);
}

const SELECT_TIMES = `
  SELECT repository, validations, p50_ms, p95_ms, p99_ms FROM v_repository_times
  WHERE ?1 IS NULL OR repository = ?1 COLLATE NOCASE LIMIT ${MAX_REPOSITORIES}`;
