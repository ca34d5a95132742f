-- How long validations took, as percentiles of the counts by hour. Hours that were counted before have none.

DROP VIEW v_hourly;

CREATE VIEW v_hourly AS
  WITH
    bucket AS (
      SELECT key AS hour, n, CAST(substr(name, 4) AS INTEGER) AS lower,
             CAST(substr(name, instr(name, '-') + 1) AS INTEGER) AS upper,
             sum(n) OVER (PARTITION BY key ORDER BY CAST(substr(name, 4) AS INTEGER)) AS upto,
             sum(n) OVER (PARTITION BY key) AS total
      FROM tallies WHERE kind = 'hour' AND name LIKE 'ms:%'),
    percentile AS (
      SELECT b.hour, s.value AS share,
             CAST(round(CASE b.upper WHEN 0 THEN b.lower
                             ELSE b.lower + (b.upper - b.lower) * (s.value * b.total - b.upto + b.n) / b.n END) AS INTEGER) AS ms
      FROM bucket b JOIN json_each('[0.5, 0.95, 0.99]') s
        ON b.upto >= s.value * b.total AND b.upto - b.n < s.value * b.total),
    hours AS (
      SELECT key,
             coalesce(sum(CASE name WHEN 'validations' THEN n END), 0) AS validations,
             coalesce(sum(CASE name WHEN 'succeeded' THEN n END), 0) AS succeeded,
             coalesce(sum(CASE name WHEN 'failed_checks' THEN n END), 0) AS failed_checks,
             coalesce(sum(CASE name WHEN 'broken' THEN n END), 0) AS broken,
             sum(CASE name WHEN 'duration_ms' THEN n END) AS duration_ms,
             coalesce(sum(CASE WHEN name = 'ended' OR name LIKE 'ms:%' THEN n END), 0) AS ended
      FROM tallies WHERE kind = 'hour' GROUP BY key)
  SELECT key || ':00:00.000Z' AS hour, validations, succeeded, failed_checks, broken,
         CAST(duration_ms / nullif(ended, 0) AS INTEGER) AS mean_duration_ms,
         (SELECT ms FROM percentile p WHERE p.hour = key AND p.share = 0.5) AS p50_ms,
         (SELECT ms FROM percentile p WHERE p.hour = key AND p.share = 0.95) AS p95_ms,
         (SELECT ms FROM percentile p WHERE p.hour = key AND p.share = 0.99) AS p99_ms
  FROM hours ORDER BY hour DESC;
