-- What a credential may not send yet is one row. shared/migrations/README.md describes every column.

CREATE TABLE limits (
  credential          TEXT PRIMARY KEY,
  blocked_until       TEXT NOT NULL DEFAULT '',
  creates_until       TEXT NOT NULL DEFAULT '',
  minor_until         TEXT NOT NULL DEFAULT '',
  minor_creates_until TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- Which credential sends it, and which of that credential's limits hold it.
ALTER TABLE reports ADD COLUMN installation_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reports ADD COLUMN creates INTEGER GENERATED ALWAYS AS (external_id IS NULL) VIRTUAL;
ALTER TABLE reports ADD COLUMN postponed INTEGER GENERATED ALWAYS AS (due_at > wanted_at) VIRTUAL;
UPDATE reports SET installation_id = coalesce(
    (SELECT p.installation_id FROM repositories p WHERE p.repository_id = reports.repository_id), 0)
  WHERE status = 'due';
DROP INDEX reports_ready;
CREATE INDEX reports_due ON reports (installation_id, priority, creates, postponed, due_at) WHERE status = 'due';

ALTER TABLE reactions ADD COLUMN installation_id INTEGER NOT NULL DEFAULT 0;
UPDATE reactions SET installation_id = coalesce(
    (SELECT p.installation_id FROM repositories p WHERE p.repository_id = reactions.repository_id), 0)
  WHERE status = 'due';
DROP INDEX reactions_due;
CREATE INDEX reactions_due ON reactions (installation_id, due_at) WHERE status = 'due';
