/** Rows that give every page of the dashboard some content. */
import { firstSeqOf } from "@webhook-gateway/shared/store/sql/seq.ts";
import type { Rows } from "../../system/database.ts";

/** Must be shown literally, and never run. */
export const HOSTILE = `"><img src=x onerror="window.obeyed=1"><script>window.obeyed=1</script>\u202egpj.exe`;

/** Inserts rows with markup and scripts in every free text. */
export async function insertHostile(rows: Rows): Promise<void> {
  const now = new Date().toISOString();
  const long = "n".repeat(10_000);
  await rows(
    `INSERT OR IGNORE INTO validations (seq, id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref,
       head_sha, base_sha, run, cause, delivery_id, state, turn, error, results, created_at, finished_at, updated_at, version)
     VALUES (${firstSeqOf("?3")}, 'hostile-1', 1, ?1, 'pr-1', ?1, 1, 'javascript:window.obeyed=1', '', ?1, ?1, ?1, 1, ?1, ?1, 'failed', 1, ?1, ?2,
       ?3, ?3, ?3, 1)`,
    HOSTILE,
    JSON.stringify({ [HOSTILE]: HOSTILE, test_results: { [HOSTILE]: { status: HOSTILE, output: HOSTILE } } }),
    now,
  );
  await rows(
    `INSERT OR IGNORE INTO deliveries (id, event, action, repository, sender, received_at, recorded_at, outcome, reason)
     VALUES ('hostile-1', ?1, ?1, ?2, ?1, ?3, ?3, 'ignored', ?1)`,
    ...[HOSTILE, long, now],
  );
  await rows(
    `INSERT OR IGNORE INTO dead_letters (id, kind, class, error, attempts, first_at, died_at, repository, delivery_id, body)
     VALUES ('hostile-dead-letter', 'fact', 'permanent', ?1, 8, ?3, ?3, ?2, ?1, ?1)`,
    ...[HOSTILE, long, now],
  );
}

/** Inserts a day of validations, so that the plots have content. */
export async function insertHistory(rows: Rows): Promise<void> {
  const hour = 3_600_000;
  for (let ago = 1; ago < 24; ago++) {
    const count = Math.round(14 + 11 * Math.sin(ago / 3.2));
    await rows(
      `INSERT OR IGNORE INTO validations (seq, id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref,
         head_sha, base_sha, run, cause, delivery_id, state, conclusion, turn, created_at, dispatched_at, started_at,
         finished_at, updated_at, version)
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
       SELECT ${firstSeqOf("?3")} + i, 'history-' || ?2 || '-' || i, 2, 'acme/history', 'pr-' || i || '-' || ?2, 'pull_request', i,
         'https://github.com/acme/history/pull/' || i, '', 'topic-' || i, printf('%040x', i * 7919 + ?2), printf('%040x', 1), 1,
         'opened', 'none', CASE WHEN i % 13 = 0 THEN 'timed_out' WHEN i % 17 = 0 THEN 'superseded' ELSE 'completed' END,
         CASE WHEN i % 13 = 0 OR i % 17 = 0 THEN NULL WHEN i % 5 = 0 THEN 'failure' ELSE 'success' END, 1, ?3, ?3, ?3,
         ?4, ?4, 1 FROM n`,
      count,
      ago,
      new Date(Date.now() - ago * hour).toISOString(),
      new Date(Date.now() - ago * hour + 20_000 + 2_500 * count).toISOString(),
    );
  }
}

/** Pauses dispatch of a repository that is known, for two hours. */
export async function pauseRepository(rows: Rows, name: string): Promise<void> {
  await rows(
    `INSERT OR IGNORE INTO pauses (repository_id, paused_at, until, actor, reason)
     SELECT repository_id, ?2, ?3, 'operator:ada', ?4 FROM repository_names WHERE name = ?1`,
    ...[name, new Date().toISOString(), new Date(Date.now() + 7_200_000).toISOString(), HOSTILE],
  );
}
