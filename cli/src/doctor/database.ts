/** Does the database exist, and is its schema up to date? */
import { existsSync } from "node:fs";
import { listDatabases, pendingMigrations } from "../cloudflare/databases.ts";
import { isPlaceholder } from "../project/database-id.ts";
import { SOURCE } from "../project/environments.ts";
import { type Check, Unchecked, WRANGLER_TIMEOUT_MS } from "./check.ts";
import type { CheckContext } from "./context.ts";
import { fail, ok, type Report } from "./finding.ts";

export const databaseCheck = (context: CheckContext): Check => ({
  name: "D1",
  timeoutMs: WRANGLER_TIMEOUT_MS,
  run: async (signal) => [await (context.isLocal ? checkLocal : checkDeployed)(context, signal)],
});

/**
 * The arguments of `d1 execute` that name the database.
 * @throws Unchecked if there is none, GatewayError if no valid account is named
 */
export function databaseArguments(context: CheckContext): string[] {
  const { isLocal, stateDir, environment } = context;
  const { file, databaseName } = context.file("producer");
  if (!isLocal) context.account();
  // Wrangler would create one.
  else if (!existsSync(stateDir)) throw new Unchecked(`no local state in ${stateDir} yet`, "npm start");
  const local = ["-c", file, "--env", environment, "--local", "--persist-to", stateDir];
  return [databaseName, ...(isLocal ? local : ["--remote"])];
}

async function checkLocal(context: CheckContext, signal: AbortSignal): Promise<Report> {
  const { databaseName, migrationsDir } = context.file("producer");
  const database = databaseArguments(context);
  const pending = await pendingMigrations(context.wrangler, database, migrationsDir, signal);
  return judge(databaseName, pending, "npm start applies them");
}

async function checkDeployed(context: CheckContext, signal: AbortSignal): Promise<Report> {
  const { wrangler, provisionCommand } = context;
  const database = databaseArguments(context);
  const { databaseName, databaseId, migrationsDir } = context.file("producer");
  const existing = (await listDatabases(wrangler, signal)).find(({ name }) => name === databaseName);
  if (existing === undefined) return fail(`database ${databaseName} does not exist`, provisionCommand);
  if (!isPlaceholder(databaseId) && existing.uuid !== databaseId) {
    const fix = `check CLOUDFLARE_ACCOUNT_ID, and database_id in ${SOURCE}`;
    return fail(`database_id in the files is not the id of ${databaseName}`, fix);
  }
  const pending = await pendingMigrations(wrangler, database, migrationsDir, signal);
  return judge(databaseName, pending, provisionCommand);
}

const judge = (database: string, pending: readonly string[], fix: string): Report =>
  pending.length === 0
    ? ok(`${database} has every migration`)
    : fail(`${database} is missing ${pending.join(", ")}`, fix);
