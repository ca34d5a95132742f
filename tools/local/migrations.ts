/** The schema of the local database. */

import { readdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { listMigrations } from "../../cli/src/cloudflare/databases.ts";
import { GatewayError } from "../../cli/src/exit.ts";
import { localConfigsAreCurrent } from "./local-config.ts";
import { runProgram } from "./wrangler.ts";

/** Where Wrangler keeps D1 databases: one file for each, and a file of its own. */
const DATABASES = "v3/d1/miniflare-D1DatabaseObject";
const NO_DATABASE = "metadata.sqlite";

const MIGRATIONS = path.join(ROOT, "shared/migrations");

/**
 * Applies the migrations that are missing in the local database. That takes seconds even if none is missing, so it is
 * skipped if the last start had the same configuration and the database has every migration.
 * @throws GatewayError naming the migration that failed
 */
export async function applyMigrations(stateDir: string, migrationsDir = MIGRATIONS): Promise<void> {
  if (localConfigsAreCurrent(stateDir) && hasEveryMigration(stateDir)) return;
  const { code, output } = await runProgram("tools/local/apply-migrations.ts", [stateDir, migrationsDir]);
  if (code !== 0) throw new GatewayError(`cannot apply the migrations: ${output.trim()}`);
}

/** @returns false also if the database cannot be read */
export function hasEveryMigration(stateDir: string): boolean {
  const names = listMigrations(MIGRATIONS);
  try {
    const dir = path.join(stateDir, DATABASES);
    const files = readdirSync(dir).filter((name) => name.endsWith(".sqlite") && name !== NO_DATABASE);
    // There may be a database of an earlier configuration beside the current one.
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
