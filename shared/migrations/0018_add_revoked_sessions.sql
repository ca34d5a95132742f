-- Sessions of the dashboard that ended before their time. shared/migrations/README.md describes every column.

CREATE TABLE revoked_sessions (
  id         TEXT PRIMARY KEY,
  expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_sessions_by_time ON revoked_sessions (expires_at);
