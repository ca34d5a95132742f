/** The state of a gateway from an older checkout. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { expect } from "vitest";
import { runWrangler } from "../../../tools/local/wrangler.ts";
import type { Row } from "../../system/database.ts";
import { openDatabaseFile } from "../../system/database-file.ts";
import { makeDirectory } from "../../system/repositories.ts";

const MIGRATIONS = path.join(ROOT, "shared/migrations");

/** The migrations of the older checkout: Wrangler starts a workerd for each of them. */
export const OLD_MIGRATIONS = 2;

/** Applies the first migrations, as an older checkout did. */
export async function applyOldMigrations(stateDir: string): Promise<void> {
  const dir = makeDirectory();
  const old = path.join(dir, "shared/migrations");
  mkdirSync(old, { recursive: true });
  for (const name of migrationNames().slice(0, OLD_MIGRATIONS))
    cpSync(path.join(MIGRATIONS, name), path.join(old, name));
  mkdirSync(path.join(dir, "producer/src"), { recursive: true });
  const config = path.join(dir, "wrangler.producer.toml");
  writeFileSync(config, readFileSync(path.join(ROOT, "wrangler.producer.toml")));
  const place = ["-c", config, "--env", "development", "--local", "--persist-to", stateDir];
  const { code, output } = await runWrangler(["d1", "migrations", "apply", "DB", ...place]);
  expect(code, output).toBe(0);
}

/** The migrations in Wrangler's table, in the order in which they were applied. */
export const appliedTo = (stateDir: string): Promise<Row[]> =>
  openDatabaseFile(stateDir)("SELECT name, applied_at FROM d1_migrations ORDER BY id");

export const migrationNames = (): string[] =>
  readdirSync(MIGRATIONS)
    .filter((name) => name.endsWith(".sql"))
    .toSorted();
