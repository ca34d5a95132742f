-- How long validations of each repository take. shared/migrations/README.md describes it.

CREATE VIEW v_repository_times AS
  WITH ended AS (
    SELECT repository_id, repository,
           CAST(round((julianday(finished_at) - julianday(coalesce(approved_at, created_at))) * 86400000) AS INTEGER) AS ms
    FROM validations
    WHERE seq >= unixepoch('now', '-1 day') * 1000000000
      AND finished_at IS NOT NULL AND state <> 'skipped' AND reused_from IS NULL),
  placed AS (
    SELECT *, row_number() OVER (PARTITION BY repository_id ORDER BY ms) AS place,
           count(*) OVER (PARTITION BY repository_id) AS n
    FROM ended)
  SELECT max(repository) AS repository, n AS validations,
         min(CASE WHEN place >= 0.5 * n THEN ms END) AS p50_ms,
         min(CASE WHEN place >= 0.95 * n THEN ms END) AS p95_ms,
         min(CASE WHEN place >= 0.99 * n THEN ms END) AS p99_ms
  FROM placed GROUP BY repository_id ORDER BY p95_ms DESC;
