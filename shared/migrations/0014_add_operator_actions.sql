-- Who asked for what. shared/migrations/README.md describes every column.

CREATE TABLE operator_actions (
  id      TEXT PRIMARY KEY,
  at      TEXT NOT NULL,
  actor   TEXT NOT NULL,
  action  TEXT NOT NULL,
  target  TEXT,
  reason  TEXT,
  outcome TEXT NOT NULL CHECK (outcome IN ('done', 'unchanged', 'refused'))
) STRICT, WITHOUT ROWID;
CREATE INDEX operator_actions_by_time ON operator_actions (at);
CREATE INDEX operator_actions_by_actor ON operator_actions (actor, at);
CREATE INDEX operator_actions_by_action ON operator_actions (action, at);
CREATE INDEX operator_actions_by_outcome ON operator_actions (outcome, at);

CREATE TRIGGER operator_actions_never_change BEFORE UPDATE ON operator_actions
BEGIN
  SELECT RAISE(ABORT, 'operator_actions is append-only');
END;

-- Retention keeps them for 400 days. A day less, because its clock is not D1's.
CREATE TRIGGER operator_actions_stay BEFORE DELETE ON operator_actions
WHEN OLD.at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-399 days')
BEGIN
  SELECT RAISE(ABORT, 'operator_actions is append-only');
END;
