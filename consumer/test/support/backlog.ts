/** A backlog of everything that a cron has to do: more of each kind than one invocation does. */
import { env } from "cloudflare:workers";
import { recountTallies } from "@webhook-gateway/shared/store/tallies.ts";

const NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)";
const LONG_AGO = "2020-01-01T00:00:00.000Z";

/** Inserts so many rows for each number, all of them long due. */
const insert = (total: number, sql: string) => env.DB.prepare(sql).bind(total, LONG_AGO);

/** Validations in a state, each of a repository of its own. */
const validations = (total: number, name: string, state: string) =>
  insert(
    total,
    `INSERT INTO validations (id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref, head_sha,
                              base_sha, run, cause, delivery_id, state, turn, created_at, updated_at, heard_at, watch_from,
                              finished_at, grainchain_id, version) ${NUMBERS}
     SELECT '${name}-' || i, i, 'octo/r' || i, 'pr-1', 'pull_request', 1, '', '', '', '${name}', 'b', 1, 'opened', 'd',
            '${state}', i, strftime('%FT%T.000Z', 'now'), ?2, ?2, CASE '${state}' WHEN 'running' THEN ?2 END, CASE '${state}' WHEN 'completed' THEN ?2 END,
            CASE '${state}' WHEN 'queued' THEN NULL ELSE '${name}-' || i END, 1 FROM n`,
  );

export interface Backlog {
  readonly installations: number;
  readonly queued: number;
  readonly stale: number;
  readonly reports: number;
  readonly cancels: number;
  readonly reactions: number;
  readonly oldRows: number;
}

export async function insertBacklog(backlog: Backlog): Promise<void> {
  const { installations, queued, stale, reports, cancels, reactions, oldRows } = backlog;
  await env.DB.batch([
    insert(
      Math.max(queued, stale, reports),
      `INSERT INTO repositories (repository_id, last_turn, installation_id, installation_at) ${NUMBERS}
       SELECT i, 0, 1 + i % ${installations}, ?2 FROM n`,
    ),
    validations(queued, "queued", "queued"),
    validations(stale, "stale", "running"),
    validations(reports, "ended", "completed"),
    insert(
      reports,
      `INSERT INTO reports (validation_id, repository_id, head_sha, state, conclusion, status, priority, installation_id,
                            wanted_at, due_at) ${NUMBERS}
       SELECT 'ended-' || i, i, 'ended', 'completed', 'success', 'due', 0, 1 + i % ${installations}, ?2, ?2 FROM n`,
    ),
    insert(
      cancels,
      `INSERT INTO cancels (validation_id, grainchain_id, status, reason, wanted_at, due_at) ${NUMBERS}
       SELECT 'ended-' || i, 'g' || i, 'due', 'x', ?2, ?2 FROM n`,
    ),
    insert(
      reactions,
      `INSERT INTO reactions (delivery_id, repository_id, repository, comment_id, content, status, installation_id,
                              wanted_at, due_at) ${NUMBERS}
       SELECT 'd' || i, i, 'octo/r' || i, i, '+1', 'due', 1 + i % ${installations}, ?2, ?2 FROM n`,
    ),
    insert(oldRows, `INSERT INTO revoked_sessions (id, expires_at) ${NUMBERS} SELECT 's' || i, ?2 FROM n`),
  ]);
  await recountTallies(env.DB);
}
