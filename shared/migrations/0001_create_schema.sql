-- Facts, validations and effects. shared/migrations/README.md describes every table and column.

CREATE TABLE deliveries (
  id            TEXT PRIMARY KEY,
  event         TEXT NOT NULL,
  action        TEXT,
  repository_id INTEGER,
  repository    TEXT COLLATE NOCASE,
  sender        TEXT,
  received_at   TEXT NOT NULL,
  recorded_at   TEXT NOT NULL,
  outcome       TEXT NOT NULL,
  reason        TEXT,
  validation_id TEXT
) STRICT;
CREATE INDEX deliveries_by_repository ON deliveries (repository, received_at);
CREATE INDEX deliveries_by_time ON deliveries (received_at);

CREATE TABLE repositories (
  repository_id INTEGER PRIMARY KEY,
  last_turn     INTEGER NOT NULL
) STRICT;

CREATE TABLE subjects (
  repository_id     INTEGER NOT NULL,
  subject           TEXT NOT NULL,
  repository        TEXT NOT NULL COLLATE NOCASE,
  kind              TEXT NOT NULL CHECK (kind IN ('pull_request', 'merge_group', 'push')),
  number            INTEGER NOT NULL,
  url               TEXT NOT NULL,
  clone_url         TEXT NOT NULL,
  head_sha          TEXT NOT NULL,
  head_ref          TEXT NOT NULL,
  base_sha          TEXT NOT NULL,
  draft             INTEGER NOT NULL DEFAULT 0,
  state             TEXT NOT NULL CHECK (state IN ('open', 'closed')),
  at                TEXT NOT NULL,
  edges             TEXT NOT NULL DEFAULT '[]',
  close_outstanding INTEGER NOT NULL DEFAULT 0,
  version           INTEGER NOT NULL,
  PRIMARY KEY (repository_id, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX subjects_by_head ON subjects (repository_id, head_sha);

CREATE TABLE validations (
  id            TEXT PRIMARY KEY,
  repository_id INTEGER NOT NULL,
  repository    TEXT NOT NULL COLLATE NOCASE,
  subject       TEXT NOT NULL,
  event         TEXT NOT NULL,
  pr_number     INTEGER NOT NULL,
  pr_url        TEXT NOT NULL,
  clone_url     TEXT NOT NULL,
  ref           TEXT NOT NULL,
  head_sha      TEXT NOT NULL,
  base_sha      TEXT NOT NULL,
  run           INTEGER NOT NULL,
  cause         TEXT NOT NULL,
  delivery_id   TEXT NOT NULL,
  state         TEXT NOT NULL CHECK (state IN ('queued', 'dispatching', 'pending', 'running', 'completed',
                                               'failed', 'cancelled', 'superseded', 'timed_out', 'dead')),
  conclusion    TEXT CHECK (conclusion IN ('success', 'failure')),
  lane          INTEGER NOT NULL DEFAULT 0,
  turn          INTEGER NOT NULL,
  attempts      INTEGER NOT NULL DEFAULT 0,
  due_at        TEXT,
  lease_id      TEXT,
  lease_until   TEXT,
  grainchain_id TEXT,
  error         TEXT,
  results       TEXT,
  created_at    TEXT NOT NULL,
  dispatched_at TEXT,
  started_at    TEXT,
  finished_at   TEXT,
  heard_at      TEXT,
  watch_until   TEXT,
  updated_at    TEXT NOT NULL,
  version       INTEGER NOT NULL,
  UNIQUE (repository_id, subject, head_sha, run)
) STRICT;
-- What may be claimed now, in the order in which it is claimed.
CREATE INDEX validations_ready ON validations (lane, turn, id) WHERE state = 'queued' AND due_at IS NULL;
-- What waits for its backoff to pass.
CREATE INDEX validations_backing_off ON validations (due_at) WHERE state = 'queued' AND due_at IS NOT NULL;
CREATE INDEX validations_leased ON validations (lease_until) WHERE state = 'dispatching';
CREATE INDEX validations_at_grainchain ON validations (heard_at) WHERE state IN ('pending', 'running');
CREATE INDEX validations_live ON validations (repository_id, subject)
  WHERE state IN ('queued', 'dispatching', 'pending', 'running');
CREATE INDEX validations_by_lease ON validations (lease_id) WHERE lease_id IS NOT NULL;
CREATE INDEX validations_by_grainchain_id ON validations (grainchain_id) WHERE grainchain_id IS NOT NULL;
CREATE INDEX validations_by_repository ON validations (repository, created_at);
CREATE INDEX validations_by_state ON validations (repository, state);
CREATE INDEX validations_by_time ON validations (created_at);

CREATE TABLE timeline (
  id            INTEGER PRIMARY KEY,
  validation_id TEXT NOT NULL,
  at            TEXT NOT NULL,
  from_state    TEXT,
  to_state      TEXT NOT NULL,
  reason        TEXT NOT NULL,
  delivery_id   TEXT,
  results       TEXT
) STRICT;
CREATE INDEX timeline_by_validation ON timeline (validation_id, id);
CREATE INDEX timeline_by_delivery ON timeline (delivery_id) WHERE delivery_id IS NOT NULL;

CREATE TABLE reports (
  validation_id TEXT PRIMARY KEY,
  state         TEXT NOT NULL,
  conclusion    TEXT,
  status        TEXT NOT NULL CHECK (status IN ('due', 'posted', 'skipped', 'dead')),
  reason        TEXT,
  wanted_at     TEXT NOT NULL,
  due_at        TEXT NOT NULL,
  attempts      INTEGER NOT NULL DEFAULT 0,
  posted_state  TEXT,
  posted_at     TEXT,
  external_id   TEXT,
  error         TEXT
) STRICT;
CREATE INDEX reports_due ON reports (due_at) WHERE status = 'due';

CREATE TABLE cancels (
  validation_id TEXT PRIMARY KEY,
  grainchain_id TEXT NOT NULL,
  status        TEXT NOT NULL CHECK (status IN ('due', 'done', 'dead')),
  reason        TEXT NOT NULL,
  wanted_at     TEXT NOT NULL,
  due_at        TEXT NOT NULL,
  attempts      INTEGER NOT NULL DEFAULT 0,
  done_at       TEXT,
  outcome       TEXT,
  error         TEXT
) STRICT;
CREATE INDEX cancels_due ON cancels (due_at) WHERE status = 'due';

CREATE TABLE dead_letters (
  id            TEXT PRIMARY KEY,
  kind          TEXT NOT NULL CHECK (kind IN ('fact', 'dispatch', 'cancel', 'report')),
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
  closed_at     TEXT
) STRICT;
CREATE INDEX dead_letters_open ON dead_letters (died_at) WHERE status = 'open';
CREATE INDEX dead_letters_by_validation ON dead_letters (validation_id) WHERE validation_id IS NOT NULL;

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
  finished_at  TEXT
) STRICT;

CREATE TABLE callbacks_unmatched (
  id            TEXT PRIMARY KEY,
  received_at   TEXT NOT NULL,
  recorded_at   TEXT NOT NULL,
  given_id      TEXT NOT NULL,
  repository    TEXT NOT NULL COLLATE NOCASE,
  pr_number     INTEGER NOT NULL,
  status        TEXT NOT NULL,
  success       INTEGER NOT NULL,
  occurred_at   TEXT,
  results       TEXT,
  matched_at    TEXT,
  validation_id TEXT
) STRICT;
CREATE INDEX callbacks_unmatched_by_given_id ON callbacks_unmatched (given_id);

-- Results too large for a queue message, kept here until their callback is recorded.
CREATE TABLE callback_results (
  id         TEXT PRIMARY KEY,
  results    TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX callback_results_by_time ON callback_results (created_at);

CREATE TABLE settings (
  name       TEXT PRIMARY KEY,
  value      TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Inserting anything but 1 fails, and with it the transaction: how a commit finds that a row it read has changed.
CREATE TABLE commit_guard (
  unchanged INTEGER NOT NULL CONSTRAINT row_changed CHECK (unchanged = 1)
) STRICT;

CREATE VIEW v_open_dead_letters AS
  SELECT id, kind, class, error, attempts, first_at, died_at, repository, delivery_id, validation_id
  FROM dead_letters WHERE status = 'open' ORDER BY died_at DESC;

CREATE VIEW v_in_flight AS
  SELECT id, repository, pr_number, head_sha, state, attempts, grainchain_id, created_at, dispatched_at, heard_at,
         CAST((julianday('now') - julianday(created_at)) * 86400 AS INTEGER) AS age_seconds
  FROM validations WHERE state IN ('queued', 'dispatching', 'pending', 'running')
  ORDER BY created_at;

CREATE VIEW v_slowest_today AS
  SELECT id, repository, pr_number, head_sha, state, conclusion, created_at, finished_at,
         CAST((julianday(finished_at) - julianday(created_at)) * 86400000 AS INTEGER) AS duration_ms
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
         CAST(AVG((julianday(finished_at) - julianday(created_at)) * 86400000) AS INTEGER) AS mean_duration_ms
  FROM validations GROUP BY hour ORDER BY hour DESC;
