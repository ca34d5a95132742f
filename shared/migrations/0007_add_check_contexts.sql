-- A commit that several subjects share shows the worst of them. shared/migrations/README.md describes every column.

ALTER TABLE reports ADD COLUMN context TEXT NOT NULL DEFAULT 'pull_request';
ALTER TABLE reports ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reports ADD COLUMN post_number INTEGER NOT NULL DEFAULT 0;
UPDATE reports SET context = 'push'
  WHERE EXISTS (SELECT 1 FROM validations v WHERE v.id = validation_id AND v.event = 'push');
-- Before, the reports of a head were posted in the order in which its runs were recorded.
UPDATE reports SET post_number = (
    SELECT sum(o.posts) FROM reports o
    WHERE o.repository_id = reports.repository_id AND o.head_sha = reports.head_sha AND o.context = reports.context
      AND o.rowid <= reports.rowid)
  WHERE posts > 0;
