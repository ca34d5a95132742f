/** Migrations of the local database, recorded as Wrangler does: each knows what the other has applied. */
import type { D1Database } from "@cloudflare/workers-types";

export interface Migration {
  /** Its file's, `0001_create_schema.sql`. */
  readonly name: string;
  readonly statements: readonly string[];
}

/**
 * Applies missing migrations, each in a transaction with its record.
 * @param migrations in their order
 * @throws Error naming the migration that failed. Nothing of it is applied, and nothing after it.
 */
export async function migrate(db: D1Database, migrations: readonly Migration[]): Promise<void> {
  await db.prepare(CREATE_TABLE).run();
  const { results } = await db.prepare(SELECT_APPLIED).all<{ name: string }>();
  const applied = new Set(results.map(({ name }) => name));
  for (const { name, statements } of migrations.filter((one) => !applied.has(one.name))) {
    const note = db.prepare(INSERT_APPLIED).bind(name);
    try {
      await db.batch([...statements.map((sql) => db.prepare(sql)), note]);
    } catch (thrown) {
      throw new Error(`${name}: ${thrown instanceof Error ? thrown.message : "unknown"}`);
    }
  }
}

const CREATE_TABLE = `
  CREATE TABLE IF NOT EXISTS d1_migrations (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT UNIQUE,
    applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
  )`;

const SELECT_APPLIED = "SELECT name FROM d1_migrations";

const INSERT_APPLIED = "INSERT INTO d1_migrations (name) VALUES (?1)";
