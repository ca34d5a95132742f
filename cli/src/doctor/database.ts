/** Is the database there, and is its schema up to date? */
import { existsSync } from "node:fs";
import { listDatabases, pendingMigrations } from "../cloudflare/databases.ts";
import { isPlaceholder } from "../project/database-id.ts";
import { type Check, WRANGLER_TIMEOUT_MS } from "./check.ts";
import type { Place } from "./context.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

const NAME = "D1";

export const databaseCheck = (place: Place): Check => ({
  name: NAME,
  timeoutMs: WRANGLER_TIMEOUT_MS,
  run: (signal) =>
    place.environment === "development" ? checkLocal(place, signal) : checkDeployed(place, signal),
});

async function checkLocal(place: Place, signal: AbortSignal): Promise<Finding[]> {
  const { stateDir, wrangler } = place;
  const { file, databaseName, migrationsDir } = place.file("producer");
  // Wrangler would make one.
  if (!existsSync(stateDir)) return [warn(NAME, `there is no local state in ${stateDir} yet`, "npm start")];
  const location = ["-c", file, "--env", place.environment, "--local", "--persist-to", stateDir];
  const pending = await pendingMigrations(wrangler, [databaseName, ...location], migrationsDir, signal);
  return [judge(databaseName, pending, "npm start applies them")];
}

async function checkDeployed(place: Place, signal: AbortSignal): Promise<Finding[]> {
  const { environment, wrangler } = place;
  place.account();
  const { databaseName, databaseId, migrationsDir } = place.file("producer");
  const provision = `gateway provision --env ${environment}`;
  const there = (await listDatabases(wrangler, signal)).find(({ name }) => name === databaseName);
  if (there === undefined) return [fail(NAME, `there is no database ${databaseName}`, provision)];
  if (!isPlaceholder(databaseId) && there.uuid !== databaseId) {
    const mend = "check CLOUDFLARE_ACCOUNT_ID, and database_id in both files";
    return [fail(NAME, `database_id in the files is not that of ${databaseName}`, mend)];
  }
  const pending = await pendingMigrations(wrangler, [databaseName, "--remote"], migrationsDir, signal);
  return [judge(databaseName, pending, provision)];
}

const judge = (database: string, pending: readonly string[], mend: string): Finding =>
  pending.length === 0
    ? ok(NAME, `${database} has every migration`)
    : fail(NAME, `${database} lacks ${pending.join(", ")}`, mend);
