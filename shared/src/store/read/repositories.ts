/** What is known of single repositories: their pauses, and how long their validations take. */
import * as v from "valibot";
import type { PauseItem } from "../../api/pause.ts";
import { isoTime } from "../../text/iso-time.ts";
import { listPauses } from "../pauses.ts";
import { loadNames } from "../repository-names.ts";

const repositoryTimes = v.object({
  repository: v.string(),
  /** That ended within the last 24 hours, skipped and reused ones aside. */
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
/** Of one repository, the newest. */
const MAX_VALIDATIONS = 1_000;

/** The slowest first. */
export async function listRepositoryTimes(db: D1Database): Promise<RepositoryTimes[]> {
  const { results } = await db.prepare(SELECT_TIMES).all();
  return v.parse(v.array(repositoryTimes), results);
}

/** @param asked a name that it has or had @returns undefined if no repository is known to have had it */
export async function loadRepository(
  db: D1Database,
  asked: string,
  now: string,
): Promise<Repository | undefined> {
  const { id, current: name } = await loadNames(db, asked);
  if (id === null || name === null) return undefined;
  const [pauses, times] = await Promise.all([listPauses(db, now, id), loadTimes(db, id, name, now)]);
  return { name, pauses, times };
}

async function loadTimes(db: D1Database, id: number, repository: string, now: string) {
  const dayAgo = isoTime(Date.parse(now) - DAY_MS);
  const { results } = await db.prepare(SELECT_DURATIONS).bind(id, dayAgo).all();
  const sorted = v.parse(v.array(durationRow), results).map(({ ms }) => ms);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  if (sorted.length === 0) return undefined;
  return { repository, validations: sorted.length, p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99) };
}

const DAY_MS = 24 * 3_600_000;
const durationRow = v.object({ ms: v.number() });

const SELECT_TIMES = `
  SELECT repository, validations, p50_ms, p95_ms, p99_ms FROM v_repository_times LIMIT ${MAX_REPOSITORIES}`;

/** As the view calculates it. */
const SELECT_DURATIONS = `
  SELECT CAST(round((julianday(finished_at) - julianday(coalesce(approved_at, created_at))) * 86400000) AS INTEGER) AS ms
  FROM (SELECT finished_at, approved_at, created_at, state, reused_from FROM validations
        WHERE repository_id = ?1 ORDER BY seq DESC LIMIT ${MAX_VALIDATIONS})
  WHERE finished_at >= ?2 AND state <> 'skipped' AND reused_from IS NULL ORDER BY ms`;
