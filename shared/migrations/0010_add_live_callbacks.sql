-- What came before a validation's end, so that it is bounded. shared/migrations/README.md describes every column.

ALTER TABLE validations ADD COLUMN live_callbacks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE timeline ADD COLUMN results_of TEXT;
ALTER TABLE timeline ADD COLUMN only_results INTEGER NOT NULL DEFAULT 0;
CREATE INDEX timeline_by_results ON timeline (validation_id, results_of, id) WHERE results_of IS NOT NULL;
