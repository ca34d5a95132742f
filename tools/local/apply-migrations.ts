/**
 * Applies migrations to the local database with one Wrangler: `wrangler d1 migrations apply` starts a workerd for each of
 * them. It is a separate program, so that the gateway does not keep Wrangler in memory.
 *
 *   node tools/local/apply-migrations.ts <state directory> <directory of the migrations>
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { D1Database } from "@cloudflare/workers-types";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { migrate } from "@webhook-gateway/shared/store/maintain/migrate.ts";
import { listMigrations } from "../../cli/src/cloudflare/databases.ts";

// Wrangler reads this when it is imported. Otherwise it would list bindings that are not needed here.
process.env.WRANGLER_LOG = "none";
const { getPlatformProxy, unstable_splitSqlQuery } = await import("wrangler");

const [stateDir = "", migrationsDir = ""] = process.argv.slice(2);
const proxy = await getPlatformProxy<{ DB: D1Database }>({
  configPath: path.join(ROOT, "wrangler.producer.toml"),
  environment: "development",
  persist: { path: path.join(stateDir, "v3") },
});
try {
  const migrations = listMigrations(migrationsDir).map((name) => ({
    name,
    statements: unstable_splitSqlQuery(readFileSync(path.join(migrationsDir, name), "utf8")),
  }));
  await migrate(proxy.env.DB, migrations);
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown);
  process.exitCode = 1;
} finally {
  await proxy.dispose();
}
