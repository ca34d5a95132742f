/** Does the database exist, and is its schema up to date? */
import { existsSync } from "node:fs";
import { listDatabases, pendingMigrations } from "../cloudflare/databases.ts";
import { isPlaceholder } from "../project/database-id.ts";
import { type Check, WRANGLER_TIMEOUT_MS } from "./check.ts";
import type { CheckContext } from "./context.ts";
import { fail, ok, type Report, warn } from "./finding.ts";

export const databaseCheck = (context: CheckContext): Check => ({
  name: "D1",
  timeoutMs: WRANGLER_TIMEOUT_MS,
  run: async (signal) => [await (context.isLocal ? checkLocal : checkDeployed)(context, signal)],
});

async function checkLocal(context: CheckContext, signal: AbortSignal): Promise<Report> {
  const { stateDir, wrangler, environment } = context;
  const { file, databaseName, migrationsDir } = context.file("producer");
  // Wrangler would create one.
  if (!existsSync(stateDir)) return warn(`no local state in ${stateDir} yet`, "npm start");
  const location = ["-c", file, "--env", environment, "--local", "--persist-to", stateDir];
  const pending = await pendingMigrations(wrangler, [databaseName, ...location], migrationsDir, signal);
  return judge(databaseName, pending, "npm start applies them");
}

async function checkDeployed(context: CheckContext, signal: AbortSignal): Promise<Report> {
  const { wrangler, provisionCommand } = context;
  context.account();
  const { databaseName, databaseId, migrationsDir } = context.file("producer");
  const existing = (await listDatabases(wrangler, signal)).find(({ name }) => name === databaseName);
  if (existing === undefined) return fail(`database ${databaseName} does not exist`, provisionCommand);
  if (!isPlaceholder(databaseId) && existing.uuid !== databaseId) {
    const fix = "check CLOUDFLARE_ACCOUNT_ID, and database_id in both files";
    return fail(`database_id in the files is not the id of ${databaseName}`, fix);
  }
  const pending = await pendingMigrations(wrangler, [databaseName, "--remote"], migrationsDir, signal);
  return judge(databaseName, pending, provisionCommand);
}

const judge = (database: string, pending: readonly string[], fix: string): Report =>
  pending.length === 0
    ? ok(`${database} has every migration`)
    : fail(`${database} is missing ${pending.join(", ")}`, fix);
