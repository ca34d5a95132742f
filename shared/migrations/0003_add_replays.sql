-- Replays that are under way. shared/migrations/README.md describes every column.

ALTER TABLE dead_letters ADD COLUMN outcome TEXT;
CREATE INDEX dead_letters_replaying ON dead_letters (replay_id, died_at) WHERE status = 'replaying';
CREATE INDEX dead_letters_by_time ON dead_letters (died_at);
DROP INDEX dead_letters_open;
CREATE INDEX dead_letters_by_status ON dead_letters (status, died_at);

ALTER TABLE replays ADD COLUMN action TEXT NOT NULL DEFAULT 'replay' CHECK (action IN ('replay', 'discard'));
ALTER TABLE replays ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE replays ADD COLUMN lease_until TEXT;
-- Up to when its rate is used up.
ALTER TABLE replays ADD COLUMN paced_at TEXT;
CREATE INDEX replays_running ON replays (requested_at) WHERE status = 'running';
CREATE INDEX replays_by_time ON replays (requested_at);

-- Replayed work has turns of its own, so that it takes none from the live work of its repository.
ALTER TABLE repositories ADD COLUMN last_replay_turn INTEGER NOT NULL DEFAULT 0;

-- What Grainchain refused, for those that waited meanwhile.
CREATE INDEX timeline_returned ON timeline (at) WHERE from_state = 'dispatching' AND to_state = 'queued';

-- What operators look for, each in the order of time, so that no list reads more than its page.
CREATE INDEX deliveries_by_event ON deliveries (event, received_at);
CREATE INDEX deliveries_by_outcome ON deliveries (outcome, received_at);
CREATE INDEX deliveries_by_validation ON deliveries (validation_id) WHERE validation_id IS NOT NULL;
DROP INDEX validations_by_state;
CREATE INDEX validations_by_state ON validations (repository, state, created_at);
-- An expression, for SQLite would take an index of the bare column for claims too, and sort the whole waiting room.
CREATE INDEX validations_by_state_time ON validations ((state || ''), created_at);
CREATE INDEX validations_by_event ON validations (event, created_at);
CREATE INDEX validations_by_pull ON validations (pr_number, repository, created_at);
CREATE INDEX validations_by_head ON validations (head_sha);
CREATE INDEX validations_finished ON validations (finished_at) WHERE finished_at IS NOT NULL;
