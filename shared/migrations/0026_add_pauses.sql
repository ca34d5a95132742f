-- Dispatch that operators have paused. shared/migrations/README.md describes every column.

CREATE TABLE pauses (
  repository_id INTEGER PRIMARY KEY,
  paused_at     TEXT NOT NULL,
  until         TEXT,
  actor         TEXT NOT NULL,
  reason        TEXT
) STRICT;
