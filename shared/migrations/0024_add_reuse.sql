-- Successes that stand for other runs of the same files. shared/migrations/README.md describes every column.

ALTER TABLE validations ADD COLUMN tree_sha TEXT;
ALTER TABLE validations ADD COLUMN reused_from TEXT;

-- Only successes that may be reused: one entry, written with the results.
CREATE INDEX validations_by_tree ON validations (repository_id, tree_sha, finished_at)
  WHERE tree_sha IS NOT NULL AND conclusion = 'success' AND trusted = 1 AND reused_from IS NULL;
