-- State changes to send to another system. Their dead letters have a kind of their own, for which SQLite has to copy the
-- table. shared/migrations/README.md describes every column.

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

DROP VIEW v_open_dead_letters;

CREATE TABLE dead_letters_with_events (
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

INSERT INTO dead_letters_with_events (
  id, kind, class, error, attempts, first_at, died_at, repository, delivery_id, validation_id, body, status, replay_id,
  closed_at, outcome)
SELECT
  id, kind, class, error, attempts, first_at, died_at, repository, delivery_id, validation_id, body, status, replay_id,
  closed_at, outcome
FROM dead_letters;
DROP TABLE dead_letters;
ALTER TABLE dead_letters_with_events RENAME TO dead_letters;

CREATE INDEX dead_letters_by_validation ON dead_letters (validation_id) WHERE validation_id IS NOT NULL;
CREATE INDEX dead_letters_replaying ON dead_letters (replay_id, died_at) WHERE status = 'replaying';
CREATE INDEX dead_letters_by_time ON dead_letters (died_at);
CREATE INDEX dead_letters_by_status ON dead_letters (status, died_at);
CREATE INDEX dead_letters_closed ON dead_letters (closed_at) WHERE closed_at IS NOT NULL;

CREATE VIEW v_open_dead_letters AS
  SELECT id, kind, class, error, attempts, first_at, died_at, repository, delivery_id, validation_id
  FROM dead_letters WHERE status = 'open' ORDER BY died_at DESC;
