-- What was run again has an index, which is created with the table that 0030_slim_validations.sql replaces this one by.

DROP INDEX IF EXISTS validations_run_again;
