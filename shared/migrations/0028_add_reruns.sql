-- What was run again, for those who look for steps that pass and fail on one commit: few rows.
CREATE INDEX validations_run_again ON validations (finished_at) WHERE run > 1 AND conclusion IS NOT NULL;
