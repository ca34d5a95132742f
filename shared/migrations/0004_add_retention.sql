-- What the deletes of old rows walk along.

CREATE INDEX callbacks_unmatched_by_time ON callbacks_unmatched (received_at);
CREATE INDEX reactions_by_time ON reactions (wanted_at);
CREATE INDEX dead_letters_closed ON dead_letters (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX subjects_by_time ON subjects (at);
