import { CONSUMER_SEEN } from "../settings.ts";
import { isFull } from "../unavailable.ts";

/**
 * Stores that the consumer's cron ran. It is a write, which a database that only answers reads does not pass. One that is
 * full cannot take it, and says so: it is not away.
 * @returns the size of the database, in bytes
 */
export async function storeHeartbeat(db: D1Database, now: string): Promise<number> {
  try {
    const { meta } = await db.prepare(STORE).bind(CONSUMER_SEEN, now).run();
    return meta.size_after;
  } catch (thrown) {
    if (!isFull(thrown)) throw thrown;
    const { meta } = await db.prepare("SELECT 1").run();
    return meta.size_after;
  }
}

const STORE = `
  INSERT INTO settings (name, value, updated_at) VALUES (?1, json_quote(?2), ?2)
  ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`;
