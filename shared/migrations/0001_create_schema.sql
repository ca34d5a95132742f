-- Facts, subjects, validations, and what is due to Grainchain and to other systems. shared/migrations/README.md describes
-- every table and column.

CREATE TABLE deliveries (
  seq           INTEGER PRIMARY KEY,
  id            TEXT NOT NULL UNIQUE,
  event         TEXT NOT NULL,
  action        TEXT,
  repository_id INTEGER,
  repository    TEXT COLLATE NOCASE,
  sender        TEXT,
  received_at   TEXT NOT NULL,
  recorded_at   TEXT NOT NULL,
  outcome       TEXT NOT NULL,
  reason        TEXT,
  validation_id TEXT,
  occurred_at   TEXT,
  delivered_at  TEXT,
  throttled_at  TEXT,
  recovered_at  TEXT,
  secret        TEXT,
  fingerprint   TEXT,
  digest        TEXT,
  moved         TEXT
) STRICT;
CREATE UNIQUE INDEX deliveries_by_digest ON deliveries (digest) WHERE digest IS NOT NULL;
CREATE INDEX deliveries_by_repository ON deliveries (repository_id) WHERE repository_id IS NOT NULL;

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
  validation_id TEXT,
  error         TEXT
) STRICT;
CREATE INDEX callbacks_unmatched_by_given_id ON callbacks_unmatched (given_id);
CREATE INDEX callbacks_unmatched_by_time ON callbacks_unmatched (received_at);

-- Results too large for a queue message, kept here until their callback is recorded.
CREATE TABLE callback_results (
  id         TEXT PRIMARY KEY,
  results    TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX callback_results_by_time ON callback_results (created_at);

CREATE TABLE repositories (
  repository_id    INTEGER PRIMARY KEY,
  last_turn        INTEGER NOT NULL,
  -- Replayed work has turns of its own, so that it takes none from the live work of its repository.
  last_replay_turn INTEGER NOT NULL DEFAULT 0,
  installation_id  INTEGER,
  installation_at  TEXT
) STRICT;

-- The names that repositories have had, so that a renamed one is found under each of them.
CREATE TABLE repository_names (
  name          TEXT NOT NULL COLLATE NOCASE,
  repository_id INTEGER NOT NULL,
  at            TEXT NOT NULL,
  PRIMARY KEY (name, repository_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX repository_names_by_name ON repository_names (name, at);
CREATE INDEX repository_names_by_repository ON repository_names (repository_id, at);

CREATE TABLE subjects (
  repository_id      INTEGER NOT NULL,
  subject            TEXT NOT NULL,
  repository         TEXT NOT NULL COLLATE NOCASE,
  kind               TEXT NOT NULL CHECK (kind IN ('pull_request', 'merge_group', 'push')),
  number             INTEGER NOT NULL,
  url                TEXT NOT NULL,
  clone_url          TEXT NOT NULL,
  head_sha           TEXT NOT NULL,
  head_ref           TEXT NOT NULL,
  base_sha           TEXT NOT NULL,
  draft              INTEGER NOT NULL DEFAULT 0,
  state              TEXT NOT NULL CHECK (state IN ('open', 'closed')),
  at                 TEXT NOT NULL,
  edges              TEXT NOT NULL DEFAULT '[]',
  close_outstanding  INTEGER NOT NULL DEFAULT 0,
  version            INTEGER NOT NULL,
  fork               INTEGER NOT NULL DEFAULT 0,
  head_repository    TEXT,
  author             TEXT,
  author_association TEXT,
  head_at            TEXT,
  approval           TEXT,
  PRIMARY KEY (repository_id, subject)
) STRICT, WITHOUT ROWID;

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

-- State changes to send to another system.
CREATE TABLE outgoing_events (
  number        INTEGER PRIMARY KEY,
  validation_id TEXT NOT NULL,
  sequence      INTEGER NOT NULL,
  at            TEXT NOT NULL,
  from_state    TEXT,
  to_state      TEXT NOT NULL,
  conclusion    TEXT,
  reason        TEXT NOT NULL,
  due_at        TEXT NOT NULL DEFAULT '',
  attempts      INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Validations that have ended and whose trace is to be exported.
CREATE TABLE outgoing_traces (
  number        INTEGER PRIMARY KEY,
  validation_id TEXT NOT NULL,
  due_at        TEXT NOT NULL
) STRICT;

CREATE TABLE settings (
  name       TEXT PRIMARY KEY,
  value      TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Inserting anything but 1 fails, and with it the transaction: how a commit finds that a row it read has changed.
CREATE TABLE commit_guard (
  unchanged INTEGER NOT NULL CONSTRAINT row_changed CHECK (unchanged = 1)
) STRICT;
