-- What is due to GitHub, and what was compared with it. shared/migrations/README.md describes every table and column.

CREATE TABLE reports (
  validation_id     TEXT PRIMARY KEY,
  repository_id     INTEGER NOT NULL DEFAULT 0,
  head_sha          TEXT NOT NULL DEFAULT '',
  context           TEXT NOT NULL DEFAULT 'pull_request',
  state             TEXT NOT NULL,
  conclusion        TEXT,
  status            TEXT NOT NULL CHECK (status IN ('due', 'posted', 'skipped', 'dead')),
  reason            TEXT,
  wanted_at         TEXT NOT NULL,
  due_at            TEXT NOT NULL,
  -- 0 for a final state, 1 for one on the way to it: the order in which a short budget is spent.
  priority          INTEGER NOT NULL DEFAULT 1,
  revision          INTEGER NOT NULL DEFAULT 0,
  attempts          INTEGER NOT NULL DEFAULT 0,
  -- Claims since the last outcome: beyond one, what the first of them posted is not known.
  claims            INTEGER NOT NULL DEFAULT 0,
  posts             INTEGER NOT NULL DEFAULT 0,
  post_number       INTEGER NOT NULL DEFAULT 0,
  posted_state      TEXT,
  posted_at         TEXT,
  posted_conclusion TEXT,
  posted_hash       TEXT,
  external_id       TEXT,
  error             TEXT,
  -- Which credential sends it, and which of that credential's limits hold it.
  installation_id   INTEGER NOT NULL DEFAULT 0,
  creates           INTEGER GENERATED ALWAYS AS (external_id IS NULL) VIRTUAL,
  postponed         INTEGER GENERATED ALWAYS AS (due_at > wanted_at) VIRTUAL
) STRICT;
CREATE INDEX reports_due ON reports (installation_id, priority, creates, postponed, due_at) WHERE status = 'due';

-- Reports that are being posted are leased together: one row a claim, and none of their own.
CREATE TABLE report_leases (
  id      TEXT PRIMARY KEY,
  until   TEXT NOT NULL,
  reports TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What a credential may not send yet is one row.
CREATE TABLE limits (
  credential          TEXT PRIMARY KEY,
  blocked_until       TEXT NOT NULL DEFAULT '',
  creates_until       TEXT NOT NULL DEFAULT '',
  minor_until         TEXT NOT NULL DEFAULT '',
  minor_creates_until TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- Answers to commands in comments, one row a delivery.
CREATE TABLE reactions (
  delivery_id     TEXT PRIMARY KEY,
  repository_id   INTEGER NOT NULL,
  repository      TEXT NOT NULL COLLATE NOCASE,
  comment_id      INTEGER NOT NULL,
  content         TEXT NOT NULL CHECK (content IN ('+1', 'confused')),
  status          TEXT NOT NULL CHECK (status IN ('due', 'posted', 'skipped')),
  reason          TEXT,
  wanted_at       TEXT NOT NULL,
  due_at          TEXT NOT NULL,
  attempts        INTEGER NOT NULL DEFAULT 0,
  installation_id INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX reactions_due ON reactions (installation_id, due_at) WHERE status = 'due';
CREATE INDEX reactions_by_time ON reactions (wanted_at);

-- Approvals on GitHub whose sender's permission is asked for, one row a delivery.
CREATE TABLE approvals (
  delivery_id     TEXT PRIMARY KEY,
  repository_id   INTEGER NOT NULL,
  repository      TEXT NOT NULL COLLATE NOCASE,
  login           TEXT NOT NULL,
  fact            TEXT NOT NULL,
  status          TEXT NOT NULL CHECK (status IN ('due', 'done')),
  reason          TEXT,
  wanted_at       TEXT NOT NULL,
  due_at          TEXT NOT NULL,
  attempts        INTEGER NOT NULL DEFAULT 0,
  installation_id INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX approvals_due ON approvals (installation_id, due_at) WHERE status = 'due';
CREATE INDEX approvals_by_time ON approvals (wanted_at);

-- Searches for deliveries that never arrived, one row a search.
CREATE TABLE reconciles (
  id           TEXT PRIMARY KEY,
  requested_by TEXT NOT NULL,
  requested_at TEXT NOT NULL,
  since        TEXT,
  dry_run      INTEGER NOT NULL DEFAULT 0,
  status       TEXT NOT NULL CHECK (status IN ('waiting', 'running', 'done', 'failed')),
  lease_until  TEXT,
  finished_at  TEXT,
  listed       INTEGER NOT NULL DEFAULT 0,
  missing      INTEGER NOT NULL DEFAULT 0,
  recovered    INTEGER NOT NULL DEFAULT 0,
  redelivered  INTEGER NOT NULL DEFAULT 0,
  position     TEXT,
  error        TEXT
) STRICT;
CREATE INDEX reconciles_open ON reconciles (requested_at) WHERE status IN ('waiting', 'running');
CREATE INDEX reconciles_by_time ON reconciles (requested_at);

-- Audits: open pull requests compared with what is recorded.
CREATE TABLE audits (
  id           TEXT PRIMARY KEY,
  requested_by TEXT NOT NULL,
  requested_at TEXT NOT NULL,
  repositories TEXT,
  dry_run      INTEGER NOT NULL DEFAULT 0,
  status       TEXT NOT NULL CHECK (status IN ('waiting', 'running', 'done', 'failed')),
  lease_until  TEXT,
  finished_at  TEXT,
  audited      INTEGER NOT NULL DEFAULT 0,
  unchanged    INTEGER NOT NULL DEFAULT 0,
  pulls        INTEGER NOT NULL DEFAULT 0,
  missing      INTEGER NOT NULL DEFAULT 0,
  recorded     INTEGER NOT NULL DEFAULT 0,
  closed       INTEGER NOT NULL DEFAULT 0,
  found        TEXT NOT NULL DEFAULT '[]',
  position     TEXT,
  error        TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX audits_open ON audits (requested_at) WHERE status IN ('waiting', 'running');
CREATE INDEX audits_by_time ON audits (requested_at);

CREATE TABLE audited_repositories (
  repository_id INTEGER PRIMARY KEY,
  etags         TEXT NOT NULL,
  at            TEXT NOT NULL
) STRICT;
