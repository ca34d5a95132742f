-- Validations that have ended and whose trace is to be exported. shared/migrations/README.md describes every column.

CREATE TABLE outgoing_traces (
  number        INTEGER PRIMARY KEY,
  validation_id TEXT NOT NULL,
  due_at        TEXT NOT NULL
) STRICT;
