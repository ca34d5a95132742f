-- Refused access by minute, for the alert on it. shared/migrations/README.md describes every column.

CREATE TABLE refusals (
  minute TEXT NOT NULL,
  realm  TEXT NOT NULL,
  n      INTEGER NOT NULL,
  PRIMARY KEY (minute, realm)
) STRICT, WITHOUT ROWID;
