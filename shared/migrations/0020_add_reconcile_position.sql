-- Where a search goes on that one invocation could not finish. shared/migrations/README.md describes every column.

ALTER TABLE reconciles ADD COLUMN position TEXT;
