-- Replays that are under way. shared/migrations/README.md describes every column.

ALTER TABLE dead_letters ADD COLUMN outcome TEXT;
CREATE INDEX dead_letters_replaying ON dead_letters (replay_id, died_at) WHERE status = 'replaying';
CREATE INDEX dead_letters_by_time ON dead_letters (died_at);

ALTER TABLE replays ADD COLUMN action TEXT NOT NULL DEFAULT 'replay' CHECK (action IN ('replay', 'discard'));
ALTER TABLE replays ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE replays ADD COLUMN lease_until TEXT;
CREATE INDEX replays_running ON replays (requested_at) WHERE status = 'running';
CREATE INDEX replays_by_time ON replays (requested_at);

CREATE INDEX validations_by_head ON validations (head_sha);
CREATE INDEX deliveries_by_validation ON deliveries (validation_id) WHERE validation_id IS NOT NULL;
CREATE INDEX validations_finished ON validations (finished_at) WHERE finished_at IS NOT NULL;
