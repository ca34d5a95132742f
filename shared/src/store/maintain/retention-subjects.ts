/**
 * Deletes old subjects without runs; a new event creates them again. No index says which are old: each time, the next ones
 * in the order of their key are looked at, round and round.
 */
import * as v from "valibot";
import { isRunOf } from "../sql/run.ts";

/** Subjects that are looked at each time: at least once an hour. */
const SUBJECTS = 5_000;

/** In `settings`: the last subject that was looked at. */
const SEEN = "retention:subjects";

const key = v.tuple([v.number(), v.string()]);
type Key = v.InferOutput<typeof key>;
const BEFORE_ALL: Key = [-1, ""];
const AFTER_ALL: Key = [Number.MAX_SAFE_INTEGER, "~"];

/** @returns the statements that delete the next ones and store how far that was */
export async function deleteSomeSubjects(db: D1Database, before: string): Promise<D1PreparedStatement[]> {
  const from = readKey(await db.prepare(SELECT_SEEN).bind(SEEN).first()) ?? BEFORE_ALL;
  const to = readKey(
    await db
      .prepare(SELECT_LAST)
      .bind(...from)
      .first(),
  );
  return [
    db.prepare(DELETE).bind(before, ...from, ...(to ?? AFTER_ALL)),
    db.prepare(STORE_SEEN).bind(SEEN, JSON.stringify(to ?? BEFORE_ALL)),
  ];
}

function readKey(row: unknown): Key | undefined {
  const parsed = v.safeParse(v.object({ key: v.pipe(v.string(), v.parseJson(), key) }), row);
  return parsed.success ? parsed.output.key : undefined;
}

const SELECT_SEEN = "SELECT value AS key FROM settings WHERE name = ?1";

const SELECT_LAST = `
  SELECT json_array(repository_id, subject) AS key FROM subjects WHERE (repository_id, subject) > (?1, ?2)
  ORDER BY repository_id, subject LIMIT 1 OFFSET ${SUBJECTS - 1}`;

/** A dead letter of its repository may hold an event that is older than what is known of it. */
const DELETE = `
  DELETE FROM subjects WHERE (repository_id, subject) IN (
    SELECT s.repository_id, s.subject FROM subjects s
    WHERE (s.repository_id, s.subject) > (?2, ?3) AND (s.repository_id, s.subject) <= (?4, ?5) AND s.at < ?1
      AND NOT EXISTS (SELECT 1 FROM validations w WHERE ${isRunOf("w", "s.repository_id", "s.subject")})
      AND s.repository NOT IN (
        SELECT l.repository FROM dead_letters l
        WHERE l.status IN ('open', 'replaying') AND l.kind = 'fact' AND l.repository IS NOT NULL))`;

const STORE_SEEN = `
  INSERT INTO settings (name, value, updated_at) VALUES (?1, ?2, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
  ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`;
