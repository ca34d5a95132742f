/** Work that goes on from time to time, with where it is in `settings`. */

/**
 * Claims a setting that is due, by its `due_at`.
 * @param fresh its value if there is none yet
 * @param leaseUntil nobody else claims it before
 * @returns its row; null if it is not due
 */
export const claimSetting = (
  db: D1Database,
  name: string,
  fresh: object,
  now: string,
  leaseUntil: string,
): Promise<Record<string, unknown> | null> =>
  db.prepare(CLAIM).bind(name, JSON.stringify(fresh), leaseUntil, now).first();

const CLAIM = `
  INSERT INTO settings (name, value, updated_at) VALUES (?1, ?2, ?4)
  ON CONFLICT (name) DO UPDATE SET value = json_set(value, '$.due_at', ?3), updated_at = ?4
  WHERE coalesce(value->>'due_at', '') <= ?4
  RETURNING value`;
