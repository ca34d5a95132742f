-- Whether a validation that Grainchain has lost is dispatched once more. shared/migrations/README.md describes every column.

ALTER TABLE validations ADD COLUMN resendable INTEGER NOT NULL DEFAULT 1;
