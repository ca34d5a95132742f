-- What came after a validation's end, so that it is bounded. shared/migrations/README.md describes every column.

ALTER TABLE validations ADD COLUMN late_callbacks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE validations ADD COLUMN late_results TEXT NOT NULL DEFAULT '';
