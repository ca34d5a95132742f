-- Reads a bounded number of validations: a day of a large organization has a hundred thousand.

DROP VIEW v_repository_times;

CREATE VIEW v_repository_times AS
  WITH ended AS (
    SELECT repository_id, repository, state, reused_from,
           CAST(round((julianday(finished_at) - julianday(coalesce(approved_at, created_at))) * 86400000) AS INTEGER) AS ms
    FROM validations
    WHERE finished_at >= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 day')
    ORDER BY finished_at DESC LIMIT 10000),
  placed AS (
    SELECT *, row_number() OVER (PARTITION BY repository_id ORDER BY ms) AS place,
           count(*) OVER (PARTITION BY repository_id) AS n
    FROM ended WHERE state <> 'skipped' AND reused_from IS NULL)
  SELECT max(repository) AS repository, n AS validations,
         min(CASE WHEN place >= 0.5 * n THEN ms END) AS p50_ms,
         min(CASE WHEN place >= 0.95 * n THEN ms END) AS p95_ms,
         min(CASE WHEN place >= 0.99 * n THEN ms END) AS p99_ms
  FROM placed GROUP BY repository_id ORDER BY p95_ms DESC;
