/** Sessions of the dashboard that ended before their time. Only those are stored. */

/** @param expiresAt until then the row is needed */
export async function revokeSession(db: D1Database, id: string, expiresAt: string): Promise<void> {
  await db.prepare(REVOKE).bind(id, expiresAt).run();
}

export async function isRevoked(db: D1Database, id: string): Promise<boolean> {
  return (await db.prepare("SELECT 1 FROM revoked_sessions WHERE id = ?1").bind(id).first()) !== null;
}

const REVOKE = "INSERT INTO revoked_sessions (id, expires_at) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING";
