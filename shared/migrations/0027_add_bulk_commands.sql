-- Re-runs and cancels of many validations. shared/migrations/README.md describes every column.

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
