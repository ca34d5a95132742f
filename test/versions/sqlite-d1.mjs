/** Enough of D1 for the consumer to record into a SQLite database in memory, with a list of every call. */
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

const MIGRATIONS = new URL("../../shared/migrations/", import.meta.url);

/** The migrations, in their order. */
export const migrations = readdirSync(MIGRATIONS)
  .filter((name) => name.endsWith(".sql"))
  .toSorted();

/**
 * An empty database.
 * @param {readonly string[]} names of the migrations to apply
 */
export function migrated(names) {
  const database = new DatabaseSync(":memory:");
  for (const name of names) database.exec(readFileSync(new URL(name, MIGRATIONS), "utf8"));
  return database;
}

/**
 * @param {DatabaseSync} database
 * @param {(sql: string, values: unknown[]) => void} heard is called for each statement that runs
 */
export function createD1(database, heard) {
  const run = ({ sql, values }) => {
    heard(sql, values);
    const results = database.prepare(sql).all(...values);
    const { changes } = database.prepare("SELECT changes() AS changes").get();
    return { success: true, results, meta: { changes } };
  };
  const prepare = (sql, values = []) => ({
    sql,
    values,
    bind: (...given) => prepare(sql, given),
    run: async () => run({ sql, values }),
    all: async () => run({ sql, values }),
    first: async (column) => {
      const [row = null] = run({ sql, values }).results;
      return column === undefined || row === null ? row : row[column];
    },
  });
  return {
    prepare: (sql) => prepare(sql),
    async batch(statements) {
      database.exec("BEGIN");
      try {
        const results = statements.map(run);
        database.exec("COMMIT");
        return results;
      } catch (thrown) {
        database.exec("ROLLBACK");
        throw thrown;
      }
    },
  };
}
