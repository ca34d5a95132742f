/** What the peers keep in PostgreSQL: what the gateway keeps of a delivery and its validation, a few statements a batch. */
import pg from "pg";

/** What of a payload is queued. */
export interface Fact {
  readonly id: string;
  readonly event: string;
  readonly action: string;
  readonly received_at: string;
  readonly sender: string;
  readonly installation_id: number | null;
  readonly repository_id: number;
  readonly repository: string;
  readonly clone_url: string;
  readonly validation_id: string;
  readonly pr_number: number;
  readonly pr_url: string;
  readonly head_sha: string;
  readonly head_ref: string;
  readonly base_sha: string;
  readonly updated_at: string;
}

/** Their size is what is compared with the gateway's database. */
export const TABLES = ["deliveries", "subjects", "validations", "timeline", "reports"] as const;

export const SCHEMA = `
  CREATE TABLE deliveries (
    id text PRIMARY KEY, event text NOT NULL, action text, repository text, sender text, installation_id bigint,
    received_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL DEFAULT now(), validation_id text);
  CREATE INDEX ON deliveries (repository, received_at);
  CREATE INDEX ON deliveries (received_at);
  CREATE TABLE subjects (
    repository_id bigint, pr_number bigint, repository text NOT NULL, head_sha text NOT NULL,
    updated_at timestamptz NOT NULL, PRIMARY KEY (repository_id, pr_number));
  CREATE TABLE validations (
    id text PRIMARY KEY, repository_id bigint NOT NULL, repository text NOT NULL, pr_number bigint NOT NULL,
    pr_url text NOT NULL, clone_url text NOT NULL, head_sha text NOT NULL, head_ref text NOT NULL,
    base_sha text NOT NULL, state text NOT NULL DEFAULT 'queued', grainchain_id text, attempts int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(), dispatched_at timestamptz);
  CREATE INDEX ON validations (repository_id, pr_number);
  CREATE INDEX ON validations (repository, created_at);
  CREATE INDEX ON validations (state, created_at) WHERE state IN ('queued', 'running');
  CREATE TABLE timeline (
    validation_id text NOT NULL, at timestamptz NOT NULL DEFAULT now(), from_state text, to_state text NOT NULL,
    reason text NOT NULL);
  CREATE INDEX ON timeline (validation_id);
  CREATE TABLE reports (
    validation_id text PRIMARY KEY, wanted text NOT NULL, due_at timestamptz NOT NULL DEFAULT now());
  CREATE INDEX ON reports (due_at);`;

/** Keyed, so that a delivery that comes twice changes nothing. An older head never replaces a newer one. */
const RECORD = `
  WITH facts AS (SELECT * FROM jsonb_populate_recordset(NULL::fact, $1)),
  kept AS (
    INSERT INTO deliveries (id, event, action, repository, sender, installation_id, received_at, validation_id)
    SELECT id, event, action, repository, sender, installation_id, received_at, validation_id FROM facts
    ON CONFLICT DO NOTHING),
  heads AS (
    INSERT INTO subjects SELECT DISTINCT ON (repository_id, pr_number)
      repository_id, pr_number, repository, head_sha, updated_at
    FROM facts ORDER BY repository_id, pr_number, updated_at DESC
    ON CONFLICT (repository_id, pr_number) DO UPDATE SET head_sha = excluded.head_sha, updated_at = excluded.updated_at
    WHERE subjects.updated_at < excluded.updated_at),
  created AS (
    INSERT INTO validations (id, repository_id, repository, pr_number, pr_url, clone_url, head_sha, head_ref, base_sha)
    SELECT validation_id, repository_id, repository, pr_number, pr_url, clone_url, head_sha, head_ref, base_sha
    FROM facts ON CONFLICT DO NOTHING RETURNING id),
  wanted AS (INSERT INTO reports (validation_id, wanted) SELECT id, 'queued' FROM created)
  INSERT INTO timeline (validation_id, to_state, reason) SELECT id, 'queued', 'recorded' FROM created`;
const FACT_TYPE = `
  CREATE TYPE fact AS (
    id text, event text, action text, received_at timestamptz, sender text, installation_id bigint,
    repository_id bigint, repository text, clone_url text, validation_id text, pr_number bigint, pr_url text,
    head_sha text, head_ref text, base_sha text, updated_at timestamptz)`;

const DISPATCHED = `
  WITH moved AS (
    UPDATE validations v SET state = 'running', grainchain_id = a.grainchain_id, attempts = attempts + 1,
      dispatched_at = now()
    FROM unnest($1::text[], $2::text[]) AS a (id, grainchain_id) WHERE v.id = a.id AND v.state = 'queued'
    RETURNING v.id),
  wanted AS (UPDATE reports r SET wanted = 'running', due_at = now() FROM moved WHERE r.validation_id = moved.id)
  INSERT INTO timeline (validation_id, from_state, to_state, reason)
  SELECT id, 'queued', 'running', 'dispatched' FROM moved`;

export function openRecords(url: string) {
  const pool = new pg.Pool({ connectionString: url });
  return {
    close: () => pool.end(),
    create: () => pool.query(`${SCHEMA};${FACT_TYPE}`),
    record: (facts: readonly Fact[]) => pool.query(RECORD, [JSON.stringify(facts)]),
    dispatched: (ids: readonly string[], grainchainIds: readonly string[]) =>
      pool.query(DISPATCHED, [ids, grainchainIds]),
  };
}
