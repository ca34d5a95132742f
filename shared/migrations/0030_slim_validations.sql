-- Validations are numbered by the time of their recording, so that the table itself is in the order of its lists. Their
-- timeline is in their row: an array of arrays, which the view `timeline` shows as rows. The rows of until now are moved by
-- the consumer, piece by piece: shared/migrations/README.md says how, and describes every column.

DROP VIEW v_in_flight;
DROP VIEW v_slowest_today;
DROP VIEW v_project_status;

-- What is live is moved first, along validations_live.
ALTER TABLE validations RENAME TO validations_before;
DROP INDEX validations_ready;
DROP INDEX validations_backing_off;
DROP INDEX validations_leased;
DROP INDEX validations_at_grainchain;
DROP INDEX validations_by_lease;
DROP INDEX validations_by_grainchain_id;
DROP INDEX validations_by_repository;
DROP INDEX validations_by_time;
DROP INDEX validations_by_state;
DROP INDEX validations_by_state_time;
DROP INDEX validations_by_event;
DROP INDEX validations_by_pull;
DROP INDEX validations_by_head;
DROP INDEX validations_finished;
DROP INDEX IF EXISTS validations_by_tree;
DROP INDEX IF EXISTS validations_set_aside;
DROP INDEX IF EXISTS validations_run_again;
DROP INDEX IF EXISTS validations_held;
ALTER TABLE timeline RENAME TO timeline_before;
DROP INDEX timeline_by_delivery;
DROP INDEX timeline_returned;
DROP INDEX timeline_by_results;

CREATE TABLE validations (
  seq                INTEGER PRIMARY KEY,
  id                 TEXT NOT NULL UNIQUE,
  repository_id      INTEGER NOT NULL,
  repository         TEXT NOT NULL COLLATE NOCASE,
  subject            TEXT NOT NULL,
  event              TEXT NOT NULL,
  pr_number          INTEGER NOT NULL,
  state              TEXT NOT NULL,
  conclusion         TEXT,
  lane               INTEGER NOT NULL DEFAULT 0,
  turn               INTEGER NOT NULL,
  attempts           INTEGER NOT NULL DEFAULT 0,
  due_at             TEXT,
  lease_id           TEXT,
  lease_until        TEXT,
  grainchain_id      TEXT,
  created_at         TEXT NOT NULL,
  dispatched_at      TEXT,
  started_at         TEXT,
  finished_at        TEXT,
  heard_at           TEXT,
  watch_from         TEXT,
  watch_until        TEXT,
  updated_at         TEXT NOT NULL,
  version            INTEGER NOT NULL,
  head_sha           TEXT NOT NULL,
  base_sha           TEXT NOT NULL,
  run                INTEGER NOT NULL,
  cause              TEXT NOT NULL,
  delivery_id        TEXT NOT NULL,
  pr_url             TEXT NOT NULL,
  clone_url          TEXT NOT NULL,
  ref                TEXT NOT NULL,
  resendable         INTEGER NOT NULL DEFAULT 1,
  live_callbacks     INTEGER NOT NULL DEFAULT 0,
  late_callbacks     INTEGER NOT NULL DEFAULT 0,
  late_results       TEXT NOT NULL DEFAULT '',
  fork               INTEGER NOT NULL DEFAULT 0,
  head_repository    TEXT,
  author             TEXT,
  author_association TEXT,
  trusted            INTEGER NOT NULL DEFAULT 1,
  reason             TEXT,
  approved_at        TEXT,
  tree_sha           TEXT,
  reused_from        TEXT,
  error              TEXT,
  timeline           TEXT NOT NULL DEFAULT '[]',
  results            TEXT
) STRICT;
-- What may be claimed now, in the order in which it is claimed.
CREATE INDEX validations_ready ON validations (lane, turn) WHERE state = 'queued' AND due_at IS NULL;
-- What a claim has set aside, by repository: it never reads past it again.
CREATE INDEX validations_set_aside ON validations (repository_id, lane, turn)
  WHERE state = 'queued' AND due_at IS NULL AND lane > 1;
-- What waits for its backoff to pass.
CREATE INDEX validations_backing_off ON validations (due_at) WHERE state = 'queued' AND due_at IS NOT NULL;
CREATE INDEX validations_leased ON validations (lease_until) WHERE lease_id IS NOT NULL;
-- What is at Grainchain. A callback does not write it: the watchdog moves it on when it looks.
CREATE INDEX validations_watched ON validations (watch_from) WHERE watch_from IS NOT NULL;
CREATE INDEX validations_unfinished ON validations (repository_id, subject) WHERE finished_at IS NULL;
CREATE INDEX validations_finished ON validations (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX validations_by_grainchain_id ON validations (grainchain_id) WHERE grainchain_id IS NOT NULL;
CREATE INDEX validations_by_repository ON validations (repository_id);
CREATE INDEX validations_by_head ON validations (head_sha, repository_id);
-- Only successes that may be reused: one entry, written with the results.
CREATE INDEX validations_by_tree ON validations (repository_id, tree_sha, finished_at)
  WHERE tree_sha IS NOT NULL AND conclusion = 'success' AND trusted = 1 AND reused_from IS NULL;
-- What was run again, for those who look for steps that pass and fail on one commit: few rows.
CREATE INDEX validations_run_again ON validations (finished_at) WHERE run > 1 AND conclusion IS NOT NULL;
-- The runs of a pull request are a range of ids; those of its merge groups are not.
CREATE INDEX validations_of_groups ON validations (repository_id, pr_number) WHERE event = 'merge_group';

-- The results of single callbacks, other than those that ended the validation.
CREATE TABLE timeline_results (
  validation_id TEXT NOT NULL,
  n             INTEGER NOT NULL,
  results_of    TEXT,
  only_results  INTEGER NOT NULL DEFAULT 0,
  results       TEXT NOT NULL,
  PRIMARY KEY (validation_id, n)
) STRICT, WITHOUT ROWID;

CREATE VIEW timeline AS
  SELECT e.value->>0 AS id, v.id AS validation_id, e.value->>1 AS at, e.value->>2 AS from_state, e.value->>3 AS to_state,
         e.value->>4 AS reason, e.value->>5 AS delivery_id, r.results, r.results_of,
         coalesce(r.only_results, 0) AS only_results
  FROM validations v CROSS JOIN json_each(v.timeline) e
    LEFT JOIN timeline_results r ON r.validation_id = v.id AND r.n = e.value->>0;

-- What Grainchain refused, for those that waited meanwhile.
CREATE TABLE returned_dispatches (
  at     TEXT PRIMARY KEY,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIEW v_in_flight AS
  SELECT id, repository, pr_number, head_sha, state, attempts, grainchain_id, created_at, dispatched_at, heard_at,
         CAST((julianday('now') - julianday(coalesce(approved_at, created_at))) * 86400 AS INTEGER) AS age_seconds
  FROM validations INDEXED BY validations_unfinished WHERE finished_at IS NULL AND state <> 'held'
  ORDER BY created_at;

CREATE VIEW v_slowest_today AS
  SELECT id, repository, pr_number, head_sha, state, conclusion, created_at, finished_at,
         CAST((julianday(finished_at) - julianday(coalesce(approved_at, created_at))) * 86400000 AS INTEGER) AS duration_ms
  FROM validations
  WHERE seq >= unixepoch('now', 'start of day') * 1000000000 AND finished_at IS NOT NULL
  ORDER BY duration_ms DESC LIMIT 50;

CREATE VIEW v_project_status AS
  SELECT repository,
         SUM(state IN ('queued', 'dispatching')) AS queued,
         SUM(state IN ('pending', 'running')) AS running,
         SUM(state = 'completed') AS completed,
         SUM(state IN ('failed', 'dead', 'timed_out')) AS failed,
         MAX(created_at) AS last_validation_at
  FROM validations GROUP BY repository;
