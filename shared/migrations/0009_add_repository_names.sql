-- The names that repositories have had, so that a renamed one is found under each of them.
-- shared/migrations/README.md describes every column.

CREATE TABLE repository_names (
  name          TEXT NOT NULL COLLATE NOCASE,
  repository_id INTEGER NOT NULL,
  at            TEXT NOT NULL,
  PRIMARY KEY (name, repository_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX repository_names_by_name ON repository_names (name, at);
CREATE INDEX repository_names_by_repository ON repository_names (repository_id, at);

-- What is known already: from deliveries, and of names that no delivery is left of, from validations.
INSERT INTO repository_names (name, repository_id, at)
SELECT repository, repository_id, max(coalesce(occurred_at, received_at)) FROM deliveries
WHERE repository IS NOT NULL AND repository_id IS NOT NULL GROUP BY repository, repository_id;
INSERT INTO repository_names (name, repository_id, at)
SELECT repository, repository_id, max(created_at) FROM validations WHERE true GROUP BY repository, repository_id
ON CONFLICT (name, repository_id) DO NOTHING;
