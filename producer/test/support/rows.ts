/** Rows as the consumer writes them. */

import type { ValidationState } from "@webhook-gateway/shared/domain/validation.ts";
import { recountTallies } from "@webhook-gateway/shared/store/tallies.ts";

let rowsOfTests = 0;

/** The number of a row of that time, behind those of before. It is text, since it is too long for a JavaScript number. */
export const seqOf = (time: string): string =>
  `${BigInt(Date.parse(time)) * 1_000_000n + BigInt(++rowsOfTests)}`;

const IDS = new Map<string, number>();

/** The id of a repository, which has the name that it has in `repository_names`, or this one. */
export async function repositoryId(db: D1Database, name: string): Promise<number> {
  const key = name.toLowerCase();
  const known = await db
    .prepare("SELECT repository_id AS id FROM repository_names WHERE name = ?1 ORDER BY at DESC")
    .bind(name)
    .first<number>("id");
  const id = known ?? IDS.get(key) ?? 10_000 + IDS.size;
  IDS.set(key, id);
  await db
    .prepare(
      "INSERT OR IGNORE INTO repository_names (name, repository_id, at) VALUES (?1, ?2, '2026-01-01T00:00:00.000Z')",
    )
    .bind(name, id)
    .run();
  return id;
}

export interface ValidationRow {
  readonly repository: string;
  readonly state: ValidationState;
  readonly created_at: string;
  readonly pr_number?: number;
  /** Default: a new one. */
  readonly id?: string;
}

/** Inserts a validation of its own subject. @returns its id */
export async function insertValidation(db: D1Database, row: ValidationRow): Promise<string> {
  const repository_id = await repositoryId(db, row.repository);
  const number = row.pr_number ?? 12;
  const run = ++rowsOfTests;
  const { id = `${repository_id}-pr-${number}-${"a".repeat(40)}-${run}` } = row;
  await db
    .prepare(
      `INSERT INTO validations (seq, id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref,
                                head_sha, base_sha, run, cause, delivery_id, state, turn, created_at, updated_at,
                                finished_at, version)
       VALUES (?7, ?1, ?8, ?2, ?1, 'pull_request', ?3, '', '', 'topic', ?4, ?4, ?9, ?1, ?1, ?5, 1, ?6, ?6,
               CASE WHEN ?5 NOT IN ('held', 'queued', 'dispatching', 'pending', 'running') THEN ?6 END, 1)`,
    )
    .bind(
      ...[id, row.repository, number, "a".repeat(40), row.state, row.created_at, seqOf(row.created_at)],
      ...[repository_id, run],
    )
    .run();
  await recountTallies(db);
  return id;
}

/** Inserts a recorded delivery. @returns its GUID */
export async function insertDelivery(
  db: D1Database,
  row: { readonly repository: string; readonly received_at: string; readonly action?: string },
): Promise<string> {
  const id = crypto.randomUUID();
  await db
    .prepare(
      `INSERT INTO deliveries (seq, id, event, action, repository_id, repository, received_at, recorded_at, outcome)
       VALUES (?5, ?1, 'pull_request', ?2, ?6, ?3, ?4, ?4, 'recorded')`,
    )
    .bind(
      ...[id, row.action ?? "opened", row.repository, row.received_at, seqOf(row.received_at)],
      await repositoryId(db, row.repository),
    )
    .run();
  await recountTallies(db);
  return id;
}

/** Writes a setting. */
export async function putSetting(db: D1Database, name: string, value: unknown): Promise<void> {
  await db
    .prepare("INSERT OR REPLACE INTO settings (name, value, updated_at) VALUES (?1, ?2, ?3)")
    .bind(name, JSON.stringify(value), "2026-11-23T10:00:00.000Z")
    .run();
}
