-- Dispatch that operators have paused. shared/migrations/README.md describes every column.

CREATE TABLE pauses (
  repository_id INTEGER PRIMARY KEY,
  paused_at     TEXT NOT NULL,
  until         TEXT,
  actor         TEXT NOT NULL,
  reason        TEXT
) STRICT;

-- What a claim has set aside, by repository: it never reads past it again.
CREATE INDEX validations_set_aside ON validations (repository_id, lane, turn, id)
  WHERE state = 'queued' AND due_at IS NULL AND lane > 1;
