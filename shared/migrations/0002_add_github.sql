-- What GitHub is told, and what it never delivered. shared/migrations/README.md describes every column.

-- Which installation of the configured App a repository belongs to, as GitHub last said.
ALTER TABLE repositories ADD COLUMN installation_id INTEGER;
ALTER TABLE repositories ADD COLUMN installation_at TEXT;

-- When the event happened, and how GitHub says that it delivered it.
ALTER TABLE deliveries ADD COLUMN occurred_at TEXT;
ALTER TABLE deliveries ADD COLUMN delivered_at TEXT;
ALTER TABLE deliveries ADD COLUMN throttled_at TEXT;
ALTER TABLE deliveries ADD COLUMN recovered_at TEXT;
CREATE INDEX deliveries_recovered ON deliveries (recovered_at) WHERE recovered_at IS NOT NULL;

ALTER TABLE reports ADD COLUMN repository_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reports ADD COLUMN head_sha TEXT NOT NULL DEFAULT '';
-- 0 for a final state, 1 for one on the way to it: the order in which a short budget is spent.
ALTER TABLE reports ADD COLUMN priority INTEGER NOT NULL DEFAULT 1;
ALTER TABLE reports ADD COLUMN lease_id TEXT;
ALTER TABLE reports ADD COLUMN lease_until TEXT;
-- Claims since the last outcome: beyond one, what the first of them posted is not known.
ALTER TABLE reports ADD COLUMN claims INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reports ADD COLUMN posts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reports ADD COLUMN posted_conclusion TEXT;
ALTER TABLE reports ADD COLUMN posted_hash TEXT;
UPDATE reports SET
  (repository_id, head_sha) = (SELECT v.repository_id, v.head_sha FROM validations v WHERE v.id = validation_id),
  priority = CASE WHEN state IN ('queued', 'dispatching', 'pending', 'running') THEN 1 ELSE 0 END;
DROP INDEX reports_due;
CREATE INDEX reports_ready ON reports (priority, due_at) WHERE status = 'due';
CREATE INDEX reports_by_head ON reports (repository_id, head_sha);
CREATE INDEX reports_leased ON reports (lease_id) WHERE lease_id IS NOT NULL;

-- Answers to commands in comments, one row a delivery.
CREATE TABLE reactions (
  delivery_id   TEXT PRIMARY KEY,
  repository_id INTEGER NOT NULL,
  repository    TEXT NOT NULL COLLATE NOCASE,
  comment_id    INTEGER NOT NULL,
  content       TEXT NOT NULL CHECK (content IN ('+1', 'confused')),
  status        TEXT NOT NULL CHECK (status IN ('due', 'posted', 'skipped')),
  reason        TEXT,
  wanted_at     TEXT NOT NULL,
  due_at        TEXT NOT NULL,
  attempts      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX reactions_due ON reactions (due_at) WHERE status = 'due';

-- Searches for deliveries that never came, one row a search.
CREATE TABLE reconciles (
  id           TEXT PRIMARY KEY,
  requested_by TEXT NOT NULL,
  requested_at TEXT NOT NULL,
  since        TEXT,
  dry_run      INTEGER NOT NULL DEFAULT 0,
  status       TEXT NOT NULL CHECK (status IN ('waiting', 'running', 'done', 'failed')),
  lease_until  TEXT,
  finished_at  TEXT,
  listed       INTEGER NOT NULL DEFAULT 0,
  missing      INTEGER NOT NULL DEFAULT 0,
  recovered    INTEGER NOT NULL DEFAULT 0,
  redelivered  INTEGER NOT NULL DEFAULT 0,
  error        TEXT
) STRICT;
CREATE INDEX reconciles_open ON reconciles (requested_at) WHERE status IN ('waiting', 'running');
CREATE INDEX reconciles_by_time ON reconciles (requested_at);
