/** The schema of the local database. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { listMigrations } from "../../cli/src/cloudflare/databases.ts";
import { localConfigsAreCurrent } from "./local-config.ts";
import { StartError } from "./settings.ts";
import { runProgram } from "./wrangler.ts";

/** Where Wrangler keeps D1 databases, a file for each and one of its own. */
const DATABASES = "v3/d1/miniflare-D1DatabaseObject";
const NO_DATABASE = "metadata.sqlite";

const MIGRATIONS = path.join(ROOT, "shared/migrations");

/**
 * Applies the migrations that the local database lacks. That takes seconds even if there are none, so it is left out if
 * the last start had the same configuration and the database has every migration already.
 * @throws StartError naming the migration that failed
 */
export async function applyMigrations(stateDir: string, migrationsDir = MIGRATIONS): Promise<void> {
  if (localConfigsAreCurrent(stateDir) && hasEveryMigration(stateDir)) return;
  const { code, output } = await runProgram("tools/local/apply-migrations.ts", [stateDir, migrationsDir]);
  if (code !== 0) throw new StartError(`the migrations could not be applied: ${output.trim()}`);
}

/** @returns false too if it cannot be told */
export function hasEveryMigration(stateDir: string): boolean {
  const names = listMigrations(MIGRATIONS);
  try {
    const dir = path.join(stateDir, DATABASES);
    const files = readdirSync(dir).filter((name) => name.endsWith(".sqlite") && name !== NO_DATABASE);
    // A database of an earlier configuration may lie beside the one that is used.
    return files.length > 0 && files.every((file) => hasMigrations(path.join(dir, file), names));
  } catch {
    return false;
  }
}

function hasMigrations(file: string, names: readonly string[]): boolean {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const rows = database.prepare("SELECT name FROM d1_migrations").all();
    const applied = new Set(rows.map(({ name }) => name));
    return names.every((name) => applied.has(name));
  } finally {
    database.close();
  }
}
