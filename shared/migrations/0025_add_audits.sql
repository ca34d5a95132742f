-- Audits: open pull requests held against what is recorded. shared/migrations/README.md describes every column.

CREATE TABLE audits (
  id           TEXT PRIMARY KEY,
  requested_by TEXT NOT NULL,
  requested_at TEXT NOT NULL,
  repositories TEXT,
  dry_run      INTEGER NOT NULL DEFAULT 0,
  status       TEXT NOT NULL CHECK (status IN ('waiting', 'running', 'done', 'failed')),
  lease_until  TEXT,
  finished_at  TEXT,
  audited      INTEGER NOT NULL DEFAULT 0,
  unchanged    INTEGER NOT NULL DEFAULT 0,
  pulls        INTEGER NOT NULL DEFAULT 0,
  missing      INTEGER NOT NULL DEFAULT 0,
  recorded     INTEGER NOT NULL DEFAULT 0,
  closed       INTEGER NOT NULL DEFAULT 0,
  found        TEXT NOT NULL DEFAULT '[]',
  position     TEXT,
  error        TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX audits_open ON audits (requested_at) WHERE status IN ('waiting', 'running');
CREATE INDEX audits_by_time ON audits (requested_at);

CREATE TABLE audited_repositories (
  repository_id INTEGER PRIMARY KEY,
  etags         TEXT NOT NULL,
  at            TEXT NOT NULL
) STRICT;
