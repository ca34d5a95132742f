/**
 * A gateway's history, made by SQL: so many deliveries, each of which started a validation that has ended, with all that
 * hangs on it; and a backlog.
 */
import type { D1Database } from "@cloudflare/workers-types";
import { seqFrom } from "@webhook-gateway/shared/store/sql/seq.ts";
import { recountTallies } from "@webhook-gateway/shared/store/tallies.ts";
import { RESULTS } from "../facts.ts";

const REPOSITORIES = 1_000;
/** Repository 0 has a fifth of everything. */
export const HOT = "bench/repository-0";
/** At Grainchain; the first of them have been silent for ten minutes. */
const IN_FLIGHT = 300;
const SILENT = 60;
const CHUNK_ROWS = 25_000;
const DAY_SECONDS = 24 * 3600;
/** Retention keeps deliveries for 14 days by default, and nothing for 95. */
const KEPT_DAYS = 14;
const OLD_DAYS = 95;

export const daysAgo = (days: number): string =>
  new Date(Date.now() - days * DAY_SECONDS * 1000).toISOString();

export interface Filled {
  readonly deliveries: number;
  /** Of them, so many are too old to be kept. */
  readonly old: number;
  readonly waiting: number;
}

export const shapeOf = (deliveries: number): Filled => ({
  deliveries,
  old: Math.min(Math.max(deliveries / 20, 3_000), deliveries / 3, 50_000),
  waiting: 2_200 + Math.floor(deliveries / 10),
});

/** Numbers that look random, always the same, and whose time is spread evenly over what retention keeps. */
const NUMBERS = `
  WITH RECURSIVE
    n (i) AS (SELECT CAST(?1 AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2),
    rows AS (
      SELECT i, i / 3 AS pull, (i * 2654435761) % 4294967296 AS h,
             CASE WHEN (i / 3) % 5 = 0 THEN 0 ELSE 1 + (i / 3) % ${REPOSITORIES - 1} END AS repo,
             CASE WHEN i < ?4 THEN ?5 - ${OLD_DAYS * DAY_SECONDS} + i * 0.001
                  ELSE ?5 - ${KEPT_DAYS * DAY_SECONDS} * max(0, 1.0 - (i - ?4) * 1.0 / (?3 - ?4)) END AS at,
             CASE i % 100 WHEN 0 THEN 'dead' WHEN 1 THEN 'timed_out' WHEN 2 THEN 'timed_out' WHEN 3 THEN 'failed'
                  WHEN 4 THEN 'superseded' WHEN 5 THEN 'superseded' WHEN 6 THEN 'cancelled' ELSE 'completed' END AS state
      FROM n)`;

const stamp = (seconds: number): string => `strftime('%Y-%m-%dT%H:%M:%fZ', at + ${seconds}, 'unixepoch')`;
const GUID =
  "printf('%08x-%04x-11f0-8%03x-%012x', h, i % 65536, (h / 7) % 4096, (h * 65537 + i) % 281474976710656)";
const SHA = "printf('%08x%08x%024x', h, (h * 31) % 4294967296, i)";
const NAME = "'bench/repository-' || repo";
const VALIDATION = `repo || '-pr-' || pull || '-' || ${SHA} || '-1'`;
const PULL_URL = `'https://github.com/' || ${NAME} || '/pull/' || pull`;
const CLONE_URL = `'https://github.com/' || ${NAME} || '.git'`;

const COLUMNS = `
  id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref, head_sha, base_sha, run, cause,
  delivery_id, state, conclusion, turn, grainchain_id, results, created_at, dispatched_at, started_at, finished_at,
  heard_at, updated_at, version`;
const HEAD_OF_ROW = `
  ${VALIDATION}, repo, ${NAME}, 'pr-' || pull, 'pull_request', pull, ${PULL_URL}, ${CLONE_URL}, 'topic', ${SHA},
  '${"b".repeat(40)}', 1, 'opened', ${GUID}`;

/** A callback's id is a GUID too. */
const CALLBACK =
  "printf('%08x-%04x-4c11-9%03x-%012x', (h * 69069) % 4294967296, h % 65536, i % 4096, h * 3 + i)";
/** Entries of a timeline: from, to, seconds, reason, cause. */
const timelineOf = (...entries: readonly (readonly [string, string, number, string, string])[]): string =>
  `json_array(${entries
    .map(
      ([from, to, seconds, reason, cause], n) =>
        `json_array(${[n + 1, stamp(seconds), from, to, reason, cause].join(", ")})`,
    )
    .join(", ")})`;

const HISTORY: readonly string[] = [
  `INSERT INTO deliveries (seq, id, event, action, repository_id, repository, sender, received_at, recorded_at, outcome,
                           reason, validation_id, occurred_at) ${NUMBERS}
   SELECT ${seqFrom(stamp(0), "i")}, ${GUID}, 'pull_request', 'synchronize', repo, ${NAME}, 'octocat', ${stamp(0)}, ${stamp(1)}, 'started', NULL,
          ${VALIDATION}, ${stamp(-1)} FROM rows`,
  `INSERT INTO validations (seq, timeline, ${COLUMNS}) ${NUMBERS}
   SELECT ${seqFrom(stamp(1), "i")}, ${timelineOf(
     ["NULL", "'queued'", 0, "'queued: pull_request.synchronize'", GUID],
     ["'queued'", "'dispatching'", 2, "'claimed for dispatch'", "NULL"],
     ["'dispatching'", "'pending'", 3, "'accepted by Grainchain as ' || i", "NULL"],
     ["'pending'", "'running'", 4, "'callback: running'", `'1' || ${CALLBACK}`],
     ["'running'", "state", 60, "'callback: ' || state", CALLBACK],
   )}, ${HEAD_OF_ROW}, state, CASE WHEN state = 'completed' THEN iif(h % 8 = 0, 'failure', 'success') END,
          i / ${REPOSITORIES}, 'validation_' || i || '_' || h, iif(state = 'completed', ?6, NULL), ${stamp(1)},
          ${stamp(2)}, ${stamp(3)}, ${stamp(60)}, ${stamp(60)}, ${stamp(60)}, 6 FROM rows`,
  `INSERT INTO reports (validation_id, repository_id, head_sha, state, conclusion, priority, status, wanted_at, due_at,
                        posts, posted_state, posted_at, posted_hash, external_id) ${NUMBERS}
   SELECT ${VALIDATION}, repo, ${SHA}, state, CASE WHEN state = 'completed' THEN 'success' END, 0, 'posted', ${stamp(60)},
          ${stamp(60)}, 3, state, ${stamp(61)}, ${SHA}, i FROM rows`,
  `INSERT INTO cancels (validation_id, grainchain_id, status, reason, wanted_at, due_at, done_at) ${NUMBERS}
   SELECT ${VALIDATION}, i, 'done', 'superseded', ${stamp(30)}, ${stamp(30)}, ${stamp(31)} FROM rows
   WHERE state IN ('superseded', 'cancelled')`,
  `INSERT INTO dead_letters (id, kind, class, error, attempts, first_at, died_at, repository, delivery_id, validation_id,
                             status, closed_at) ${NUMBERS}
   SELECT 'dispatch-' || i, 'dispatch', 'permanent', 'refused', 1, ${stamp(2)}, ${stamp(60)}, ${NAME}, ${GUID},
          ${VALIDATION}, 'discarded', ${stamp(90)} FROM rows WHERE state = 'dead'`,
  `INSERT OR IGNORE INTO subjects (repository_id, subject, repository, kind, number, url, clone_url, head_sha, head_ref,
                                   base_sha, state, at, edges, version) ${NUMBERS}
   SELECT repo, 'pr-' || pull, ${NAME}, 'pull_request', pull, ${PULL_URL}, ${CLONE_URL}, ${SHA}, 'topic',
          '${"b".repeat(40)}', 'closed', ${stamp(0)}, '[]', 3 FROM rows WHERE i % 3 = 2 OR i = ?2 - 1`,
];

/** Behind the history's numbers, all of the last minutes. */
const live = (state: string, heardSeconds: string): string => `
  INSERT INTO validations (seq, timeline, watch_from, ${COLUMNS}) ${NUMBERS}
  SELECT ${seqFrom(stamp(-900), "i")}, ${timelineOf(["NULL", "'queued'", -900, "'queued'", GUID])},
         ${state === "queued" ? "NULL" : heardSeconds}, ${HEAD_OF_ROW}, '${state}', NULL, (i - CAST(?3 AS INTEGER)) / ${REPOSITORIES} + 1,
         ${state === "queued" ? "NULL" : "'in-flight-' || i"}, NULL,
         ${stamp(-900)}, NULL, NULL, NULL, ${state === "queued" ? "NULL" : heardSeconds}, ${stamp(-600)}, 1
  FROM rows`;
const LIVE_DELIVERIES = `
  INSERT INTO deliveries (seq, id, event, action, repository_id, repository, sender, received_at, recorded_at, outcome,
                          validation_id) ${NUMBERS}
  SELECT ${seqFrom(stamp(-900), "i")}, ${GUID}, 'pull_request', 'opened', repo, ${NAME}, 'octocat', ${stamp(-900)}, ${stamp(-900)}, 'started',
         ${VALIDATION} FROM rows`;
const LIVE_REPORTS = `
  INSERT INTO reports (validation_id, repository_id, head_sha, state, status, wanted_at, due_at, posts, posted_state,
                       posted_hash, external_id) ${NUMBERS}
  SELECT ${VALIDATION}, repo, ${SHA}, 'queued', 'posted', ${stamp(-900)}, ${stamp(-900)}, 1, 'queued', ${SHA}, i FROM rows`;

/** Fills an empty database. */
export async function fill(db: D1Database, { deliveries, old, waiting }: Filled): Promise<void> {
  const results = JSON.stringify(RESULTS);
  const bound = [deliveries, old, Date.now() / 1000, results] as const;
  const insert = (statements: readonly string[], from: number, to: number) =>
    db.batch(
      statements.map((sql) => {
        // Only what a statement names may be bound.
        const values = [from, to, ...bound];
        return db.prepare(sql).bind(...values.slice(0, sql.includes("?6") ? 6 : 5));
      }),
    );
  await db
    .prepare(
      `INSERT INTO repositories (repository_id, last_turn, installation_id, installation_at)
       SELECT value, ?2, 1, '2026-11-01T00:00:00.000Z' FROM json_each(?1)`,
    )
    .bind(
      JSON.stringify(Array.from({ length: REPOSITORIES }, (_, id) => id)),
      Math.ceil(waiting / REPOSITORIES),
    )
    .run();
  await db
    .prepare(
      `INSERT INTO repository_names (name, repository_id, at)
       SELECT 'bench/repository-' || value, value, '2026-11-01T00:00:00.000Z' FROM json_each(?1)`,
    )
    .bind(JSON.stringify(Array.from({ length: REPOSITORIES }, (_, id) => id)))
    .run();
  for (let from = 0; from < deliveries; from += CHUNK_ROWS) {
    await insert(HISTORY, from, Math.min(from + CHUNK_ROWS, deliveries));
    if (from % 100_000 === 0) console.error(`${from} of ${deliveries} deliveries …`);
  }
  const rest = [LIVE_DELIVERIES, LIVE_REPORTS];
  const silentFrom = deliveries + waiting;
  for (let from = deliveries; from < silentFrom; from += CHUNK_ROWS) {
    await insert([live("queued", "NULL"), ...rest], from, Math.min(from + CHUNK_ROWS, silentFrom));
  }
  await insert([live("running", stamp(-600)), ...rest], silentFrom, silentFrom + SILENT);
  await insert([live("running", stamp(0)), ...rest], silentFrom + SILENT, silentFrom + IN_FLIGHT);
  await recountTallies(db);
}
