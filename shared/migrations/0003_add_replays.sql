-- What operators see and do: dead letters, replays, pauses, counts, and views.
-- shared/migrations/README.md describes every table and column.

CREATE TABLE dead_letters (
  id            TEXT PRIMARY KEY,
  kind          TEXT NOT NULL CHECK (kind IN ('fact', 'dispatch', 'cancel', 'report', 'event')),
  class         TEXT NOT NULL,
  error         TEXT NOT NULL,
  attempts      INTEGER NOT NULL,
  first_at      TEXT NOT NULL,
  died_at       TEXT NOT NULL,
  repository    TEXT COLLATE NOCASE,
  delivery_id   TEXT,
  validation_id TEXT,
  body          TEXT,
  status        TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'replaying', 'replayed', 'discarded')),
  replay_id     TEXT,
  closed_at     TEXT,
  outcome       TEXT
) STRICT;
CREATE INDEX dead_letters_by_validation ON dead_letters (validation_id) WHERE validation_id IS NOT NULL;
CREATE INDEX dead_letters_replaying ON dead_letters (replay_id, died_at) WHERE status = 'replaying';
CREATE INDEX dead_letters_by_time ON dead_letters (died_at);
CREATE INDEX dead_letters_by_status ON dead_letters (status, died_at);
CREATE INDEX dead_letters_closed ON dead_letters (closed_at) WHERE closed_at IS NOT NULL;

CREATE TABLE replays (
  id           TEXT PRIMARY KEY,
  requested_by TEXT NOT NULL,
  requested_at TEXT NOT NULL,
  reason       TEXT,
  scope        TEXT NOT NULL,
  rate         INTEGER,
  total        INTEGER NOT NULL,
  replayed     INTEGER NOT NULL DEFAULT 0,
  status       TEXT NOT NULL CHECK (status IN ('running', 'done', 'cancelled')),
  finished_at  TEXT,
  action       TEXT NOT NULL DEFAULT 'replay' CHECK (action IN ('replay', 'discard')),
  failed       INTEGER NOT NULL DEFAULT 0,
  lease_until  TEXT,
  -- Up to when its rate is used up.
  paced_at     TEXT
) STRICT;
CREATE INDEX replays_running ON replays (requested_at) WHERE status = 'running';
CREATE INDEX replays_by_time ON replays (requested_at);

-- Re-runs and cancels of many validations.
CREATE TABLE bulk_commands (
  id           TEXT PRIMARY KEY,
  action       TEXT NOT NULL CHECK (action IN ('rerun', 'cancel')),
  requested_by TEXT NOT NULL,
  requested_at TEXT NOT NULL,
  reason       TEXT,
  scope        TEXT NOT NULL,
  rate         INTEGER NOT NULL,
  total        INTEGER NOT NULL,
  processed    INTEGER NOT NULL DEFAULT 0,
  left_alone   INTEGER NOT NULL DEFAULT 0,
  status       TEXT NOT NULL CHECK (status IN ('running', 'done', 'cancelled')),
  finished_at  TEXT,
  lease_until  TEXT,
  paced_at     TEXT,
  reached_at   TEXT NOT NULL DEFAULT '',
  reached_id   TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX bulk_commands_by_time ON bulk_commands (requested_at);
CREATE INDEX bulk_commands_running ON bulk_commands (requested_at) WHERE status = 'running';

-- Dispatch that operators have paused.
CREATE TABLE pauses (
  repository_id INTEGER PRIMARY KEY,
  paused_at     TEXT NOT NULL,
  until         TEXT,
  actor         TEXT NOT NULL,
  reason        TEXT
) STRICT;

-- Who asked for what.
CREATE TABLE operator_actions (
  id      TEXT PRIMARY KEY,
  at      TEXT NOT NULL,
  actor   TEXT NOT NULL,
  action  TEXT NOT NULL,
  target  TEXT,
  reason  TEXT,
  outcome TEXT NOT NULL CHECK (outcome IN ('done', 'unchanged', 'refused'))
) STRICT, WITHOUT ROWID;
CREATE INDEX operator_actions_by_time ON operator_actions (at);
CREATE INDEX operator_actions_by_actor ON operator_actions (actor, at);
CREATE INDEX operator_actions_by_action ON operator_actions (action, at);
CREATE INDEX operator_actions_by_outcome ON operator_actions (outcome, at);

CREATE TRIGGER operator_actions_never_change BEFORE UPDATE ON operator_actions
BEGIN
  SELECT RAISE(ABORT, 'operator_actions is append-only');
END;

-- Retention keeps them for 400 days. A day less, because its clock is not D1's.
CREATE TRIGGER operator_actions_stay BEFORE DELETE ON operator_actions
WHEN OLD.at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-399 days')
BEGIN
  SELECT RAISE(ABORT, 'operator_actions is append-only');
END;

-- Sessions of the dashboard that ended before their time.
CREATE TABLE revoked_sessions (
  id         TEXT PRIMARY KEY,
  expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_sessions_by_time ON revoked_sessions (expires_at);

-- Refused access by minute, for the alert on it.
CREATE TABLE refusals (
  minute TEXT NOT NULL,
  realm  TEXT NOT NULL,
  n      INTEGER NOT NULL,
  PRIMARY KEY (minute, realm)
) STRICT, WITHOUT ROWID;

-- Counts for pages and alerts, kept with every change.
CREATE TABLE tallies (
  kind TEXT NOT NULL CHECK (kind IN ('received', 'recovered', 'standing', 'ended', 'hour', 'repository')),
  key  TEXT NOT NULL COLLATE NOCASE,
  name TEXT NOT NULL,
  n    INTEGER NOT NULL,
  PRIMARY KEY (kind, key, name)
) STRICT, WITHOUT ROWID;

CREATE VIEW v_open_dead_letters AS
  SELECT id, kind, class, error, attempts, first_at, died_at, repository, delivery_id, validation_id
  FROM dead_letters WHERE status = 'open' ORDER BY died_at DESC;

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

-- How long validations took, as percentiles of the counts by hour.
CREATE VIEW v_hourly AS
  WITH
    bucket AS (
      SELECT key AS hour, n, CAST(substr(name, 4) AS INTEGER) AS lower,
             CAST(substr(name, instr(name, '-') + 1) AS INTEGER) AS upper,
             sum(n) OVER (PARTITION BY key ORDER BY CAST(substr(name, 4) AS INTEGER)) AS upto,
             sum(n) OVER (PARTITION BY key) AS total
      FROM tallies WHERE kind = 'hour' AND name LIKE 'ms:%'),
    percentile AS (
      SELECT b.hour, s.value AS share,
             CAST(round(CASE b.upper WHEN 0 THEN b.lower
                             ELSE b.lower + (b.upper - b.lower) * (s.value * b.total - b.upto + b.n) / b.n END) AS INTEGER) AS ms
      FROM bucket b JOIN json_each('[0.5, 0.95, 0.99]') s
        ON b.upto >= s.value * b.total AND b.upto - b.n < s.value * b.total),
    hours AS (
      SELECT key,
             coalesce(sum(CASE name WHEN 'validations' THEN n END), 0) AS validations,
             coalesce(sum(CASE name WHEN 'succeeded' THEN n END), 0) AS succeeded,
             coalesce(sum(CASE name WHEN 'failed_checks' THEN n END), 0) AS failed_checks,
             coalesce(sum(CASE name WHEN 'broken' THEN n END), 0) AS broken,
             sum(CASE name WHEN 'duration_ms' THEN n END) AS duration_ms,
             coalesce(sum(CASE WHEN name = 'ended' OR name LIKE 'ms:%' THEN n END), 0) AS ended
      FROM tallies WHERE kind = 'hour' GROUP BY key)
  SELECT key || ':00:00.000Z' AS hour, validations, succeeded, failed_checks, broken,
         CAST(duration_ms / nullif(ended, 0) AS INTEGER) AS mean_duration_ms,
         (SELECT ms FROM percentile p WHERE p.hour = key AND p.share = 0.5) AS p50_ms,
         (SELECT ms FROM percentile p WHERE p.hour = key AND p.share = 0.95) AS p95_ms,
         (SELECT ms FROM percentile p WHERE p.hour = key AND p.share = 0.99) AS p99_ms
  FROM hours ORDER BY hour DESC;
