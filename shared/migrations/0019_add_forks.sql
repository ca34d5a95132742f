-- Changes from forks that wait for an approval, and changes that are not validated on purpose. The states `held` and
-- `skipped` need another CHECK, for which SQLite has to copy the table. shared/migrations/README.md describes every column.

DROP VIEW v_in_flight;
DROP VIEW v_slowest_today;
DROP VIEW v_project_status;
DROP VIEW v_hourly;

CREATE TABLE validations_with_forks (
  id                 TEXT PRIMARY KEY,
  repository_id      INTEGER NOT NULL,
  repository         TEXT NOT NULL COLLATE NOCASE,
  subject            TEXT NOT NULL,
  event              TEXT NOT NULL,
  pr_number          INTEGER NOT NULL,
  pr_url             TEXT NOT NULL,
  clone_url          TEXT NOT NULL,
  ref                TEXT NOT NULL,
  head_sha           TEXT NOT NULL,
  base_sha           TEXT NOT NULL,
  run                INTEGER NOT NULL,
  cause              TEXT NOT NULL,
  delivery_id        TEXT NOT NULL,
  state              TEXT NOT NULL CHECK (state IN ('held', 'queued', 'dispatching', 'pending', 'running', 'completed',
                                                    'failed', 'cancelled', 'superseded', 'timed_out', 'dead',
                                                    'skipped')),
  conclusion         TEXT CHECK (conclusion IN ('success', 'failure')),
  lane               INTEGER NOT NULL DEFAULT 0,
  turn               INTEGER NOT NULL,
  attempts           INTEGER NOT NULL DEFAULT 0,
  due_at             TEXT,
  lease_id           TEXT,
  lease_until        TEXT,
  grainchain_id      TEXT,
  error              TEXT,
  results            TEXT,
  created_at         TEXT NOT NULL,
  dispatched_at      TEXT,
  started_at         TEXT,
  finished_at        TEXT,
  heard_at           TEXT,
  watch_until        TEXT,
  updated_at         TEXT NOT NULL,
  version            INTEGER NOT NULL,
  late_callbacks     INTEGER NOT NULL DEFAULT 0,
  late_results       TEXT NOT NULL DEFAULT '',
  live_callbacks     INTEGER NOT NULL DEFAULT 0,
  resendable         INTEGER NOT NULL DEFAULT 1,
  fork               INTEGER NOT NULL DEFAULT 0,
  head_repository    TEXT,
  author             TEXT,
  author_association TEXT,
  trusted            INTEGER NOT NULL DEFAULT 1,
  reason             TEXT,
  approved_at        TEXT,
  UNIQUE (repository_id, subject, head_sha, run)
) STRICT;

INSERT INTO validations_with_forks (
  id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref, head_sha, base_sha, run, cause,
  delivery_id, state, conclusion, lane, turn, attempts, due_at, lease_id, lease_until, grainchain_id, error, results,
  created_at, dispatched_at, started_at, finished_at, heard_at, watch_until, updated_at, version, late_callbacks,
  late_results, live_callbacks, resendable)
SELECT
  id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref, head_sha, base_sha, run, cause,
  delivery_id, state, conclusion, lane, turn, attempts, due_at, lease_id, lease_until, grainchain_id, error, results,
  created_at, dispatched_at, started_at, finished_at, heard_at, watch_until, updated_at, version, late_callbacks,
  late_results, live_callbacks, resendable
FROM validations;
DROP TABLE validations;
ALTER TABLE validations_with_forks RENAME TO validations;

-- The indexes that it had, and what waits for an approval.
CREATE INDEX validations_ready ON validations (lane, turn, id) WHERE state = 'queued' AND due_at IS NULL;
CREATE INDEX validations_backing_off ON validations (due_at) WHERE state = 'queued' AND due_at IS NOT NULL;
CREATE INDEX validations_leased ON validations (lease_until) WHERE state = 'dispatching';
CREATE INDEX validations_at_grainchain ON validations (heard_at) WHERE state IN ('pending', 'running');
CREATE INDEX validations_live ON validations (repository_id, subject)
  WHERE state IN ('queued', 'dispatching', 'pending', 'running');
CREATE INDEX validations_by_lease ON validations (lease_id) WHERE lease_id IS NOT NULL;
CREATE INDEX validations_by_grainchain_id ON validations (grainchain_id) WHERE grainchain_id IS NOT NULL;
CREATE INDEX validations_by_repository ON validations (repository, created_at);
CREATE INDEX validations_by_time ON validations (created_at);
CREATE INDEX validations_by_state ON validations (repository, state, created_at);
CREATE INDEX validations_by_state_time ON validations ((state || ''), created_at);
CREATE INDEX validations_by_event ON validations (event, created_at);
CREATE INDEX validations_by_pull ON validations (pr_number, repository, created_at);
CREATE INDEX validations_by_head ON validations (head_sha);
CREATE INDEX validations_finished ON validations (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX validations_held ON validations (repository_id, subject) WHERE state = 'held';

CREATE VIEW v_in_flight AS
  SELECT id, repository, pr_number, head_sha, state, attempts, grainchain_id, created_at, dispatched_at, heard_at,
         CAST((julianday('now') - julianday(coalesce(approved_at, created_at))) * 86400 AS INTEGER) AS age_seconds
  FROM validations WHERE state IN ('queued', 'dispatching', 'pending', 'running')
  ORDER BY created_at;

CREATE VIEW v_slowest_today AS
  SELECT id, repository, pr_number, head_sha, state, conclusion, created_at, finished_at,
         CAST((julianday(finished_at) - julianday(coalesce(approved_at, created_at))) * 86400000 AS INTEGER) AS duration_ms
  FROM validations
  WHERE created_at >= strftime('%Y-%m-%dT00:00:00.000Z', 'now') AND finished_at IS NOT NULL
  ORDER BY duration_ms DESC LIMIT 50;

CREATE VIEW v_project_status AS
  SELECT repository,
         SUM(state IN ('queued', 'dispatching')) AS queued,
         SUM(state IN ('pending', 'running')) AS running,
         SUM(state = 'completed') AS completed,
         SUM(state IN ('failed', 'dead', 'timed_out')) AS failed,
         MAX(created_at) AS last_validation_at
  FROM validations GROUP BY repository;

CREATE VIEW v_hourly AS
  SELECT substr(created_at, 1, 13) || ':00:00.000Z' AS hour,
         COUNT(*) AS validations,
         SUM(conclusion = 'success') AS succeeded,
         SUM(conclusion = 'failure') AS failed_checks,
         SUM(state IN ('failed', 'dead', 'timed_out')) AS broken,
         CAST(AVG(CASE WHEN state <> 'skipped'
                       THEN (julianday(finished_at) - julianday(coalesce(approved_at, created_at))) * 86400000
                  END) AS INTEGER) AS mean_duration_ms
  FROM validations GROUP BY hour ORDER BY hour DESC;

ALTER TABLE subjects ADD COLUMN fork INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subjects ADD COLUMN head_repository TEXT;
ALTER TABLE subjects ADD COLUMN author TEXT;
ALTER TABLE subjects ADD COLUMN author_association TEXT;
ALTER TABLE subjects ADD COLUMN head_at TEXT;
ALTER TABLE subjects ADD COLUMN approval TEXT;

-- Approvals on GitHub whose sender's permission is asked for, one row a delivery.
CREATE TABLE approvals (
  delivery_id     TEXT PRIMARY KEY,
  repository_id   INTEGER NOT NULL,
  repository      TEXT NOT NULL COLLATE NOCASE,
  login           TEXT NOT NULL,
  fact            TEXT NOT NULL,
  status          TEXT NOT NULL CHECK (status IN ('due', 'done')),
  reason          TEXT,
  wanted_at       TEXT NOT NULL,
  due_at          TEXT NOT NULL,
  attempts        INTEGER NOT NULL DEFAULT 0,
  installation_id INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX approvals_due ON approvals (installation_id, due_at) WHERE status = 'due';
CREATE INDEX approvals_by_time ON approvals (wanted_at);
