-- Successes that stand for other runs of the same files. shared/migrations/README.md describes every column.
-- Their index is created with the table that 0030_slim_validations.sql replaces this one by: here, D1 would read all of it.

ALTER TABLE validations ADD COLUMN tree_sha TEXT;
ALTER TABLE validations ADD COLUMN reused_from TEXT;
