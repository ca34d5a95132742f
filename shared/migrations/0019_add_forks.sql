-- Changes from forks that wait for an approval, and changes that are not validated on purpose. The table's CHECK does not
-- know the states `held` and `skipped`: 0030_slim_validations.sql replaces it. shared/migrations/README.md describes every
-- column.

DROP VIEW v_in_flight;
DROP VIEW v_slowest_today;
DROP VIEW v_project_status;
DROP VIEW v_hourly;

ALTER TABLE validations ADD COLUMN fork INTEGER NOT NULL DEFAULT 0;
ALTER TABLE validations ADD COLUMN head_repository TEXT;
ALTER TABLE validations ADD COLUMN author TEXT;
ALTER TABLE validations ADD COLUMN author_association TEXT;
ALTER TABLE validations ADD COLUMN trusted INTEGER NOT NULL DEFAULT 1;
ALTER TABLE validations ADD COLUMN reason TEXT;
ALTER TABLE validations ADD COLUMN approved_at TEXT;

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
