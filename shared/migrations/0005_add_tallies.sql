-- Counts for pages and alerts, kept with every change. shared/migrations/README.md describes every column.

CREATE TABLE tallies (
  kind TEXT NOT NULL CHECK (kind IN ('received', 'recovered', 'standing', 'ended', 'hour', 'repository')),
  key  TEXT NOT NULL COLLATE NOCASE,
  name TEXT NOT NULL,
  n    INTEGER NOT NULL,
  PRIMARY KEY (kind, key, name)
) STRICT, WITHOUT ROWID;

-- What is there already, as shared/src/store/tallies.ts counts it.
INSERT INTO tallies (kind, key, name, n)
SELECT 'received', substr(received_at, 1, 16), '', count(*) FROM deliveries GROUP BY 2;
INSERT INTO tallies (kind, key, name, n)
SELECT 'recovered', substr(recovered_at, 1, 16), '', count(*) FROM deliveries WHERE recovered_at IS NOT NULL GROUP BY 2;
INSERT INTO tallies (kind, key, name, n)
SELECT 'standing', '', state, count(*) FROM validations
WHERE state IN ('queued', 'dispatching', 'pending', 'running') GROUP BY state;
INSERT INTO tallies (kind, key, name, n)
SELECT 'ended', substr(finished_at, 1, 16), state, count(*) FROM validations WHERE finished_at IS NOT NULL GROUP BY 2, 3;
INSERT INTO tallies (kind, key, name, n)
SELECT 'repository', repository, state, count(*) FROM validations
WHERE state NOT IN ('queued', 'dispatching', 'pending', 'running') GROUP BY 2, 3;
INSERT INTO tallies (kind, key, name, n)
SELECT 'hour', h.hour, j.key, j.value FROM (
  SELECT substr(created_at, 1, 13) AS hour,
         json_object('validations', count(*), 'succeeded', coalesce(sum(conclusion = 'success'), 0),
                     'failed_checks', coalesce(sum(conclusion = 'failure'), 0),
                     'broken', sum(state IN ('failed', 'dead', 'timed_out')), 'ended', count(finished_at),
                     'duration_ms', CAST(round(coalesce(
                       sum((julianday(finished_at) - julianday(created_at)) * 86400000), 0)) AS INTEGER)) AS counts
  FROM validations GROUP BY hour) h, json_each(h.counts) j;
