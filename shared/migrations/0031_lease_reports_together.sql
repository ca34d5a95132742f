-- Reports that are being posted are leased together: one row a claim, and none of their own. Those of a commit are found
-- through their validations. shared/migrations/README.md describes every column.

CREATE TABLE report_leases (
  id      TEXT PRIMARY KEY,
  until   TEXT NOT NULL,
  reports TEXT NOT NULL
) STRICT, WITHOUT ROWID;

DROP INDEX reports_leased;
DROP INDEX reports_by_head;
