/** Requests that were refused, by minute and auth realm: for the alert on them. */
import { minuteOf } from "../tallies.ts";

/** Kept for longer than the alert looks back. */
const KEPT_MS = 3_600_000;

/**
 * Adds to the counts, and deletes old ones.
 * @param counts how many were refused, by auth realm
 */
export async function addRefusals(
  db: D1Database,
  now: string,
  counts: Readonly<Record<string, number>>,
): Promise<void> {
  const keptFrom = new Date(Date.parse(now) - KEPT_MS).toISOString();
  await db.batch([
    db.prepare(ADD).bind(minuteOf(now), JSON.stringify(counts)),
    db.prepare("DELETE FROM refusals WHERE minute < ?1").bind(minuteOf(keptFrom)),
  ]);
}

const ADD = `
  INSERT INTO refusals (minute, realm, n) SELECT ?1, key, value FROM json_each(?2) WHERE true
  ON CONFLICT (minute, realm) DO UPDATE SET n = n + excluded.n`;
