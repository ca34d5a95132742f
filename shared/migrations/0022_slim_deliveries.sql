-- Deliveries are numbered by the time of their receipt, so that the table itself is in the order of its lists, and has
-- three indexes. The rows of until now are moved by the consumer, piece by piece: shared/migrations/README.md says how.

ALTER TABLE deliveries RENAME TO deliveries_before;
DROP INDEX deliveries_by_repository;
DROP INDEX deliveries_by_time;
DROP INDEX deliveries_recovered;
DROP INDEX deliveries_by_event;
DROP INDEX deliveries_by_outcome;
DROP INDEX deliveries_by_validation;
DROP INDEX deliveries_by_digest;

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

-- Subjects are found by their key, and by their runs. Retention walks them in the order of the key.
DROP INDEX subjects_by_head;
DROP INDEX subjects_by_time;
