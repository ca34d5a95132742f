/** Reports to GitHub: an outbox, one row a validation, holding the newest state wanted. */

/**
 * Marks due reports as skipped.
 * @returns how many
 */
export async function skipReports(db: D1Database, reason: string, limit: number): Promise<number> {
  const { meta } = await db.prepare(SKIP_REPORTS).bind(reason, limit).run();
  return meta.changes;
}

const SKIP_REPORTS = `
  UPDATE reports SET status = 'skipped', reason = ?1 WHERE validation_id IN (
    SELECT validation_id FROM reports WHERE status = 'due' ORDER BY due_at LIMIT ?2)`;
