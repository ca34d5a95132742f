-- Why an unmatched callback says nothing of the change, for the validation that it turns out to be about.

ALTER TABLE callbacks_unmatched ADD COLUMN error TEXT;
