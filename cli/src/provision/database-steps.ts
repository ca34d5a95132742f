/** Steps about the database: create it, write its id to the files, bring its schema up to date. */
import { type Database, listDatabases, pendingMigrations } from "../cloudflare/databases.ts";
import { succeed } from "../cloudflare/wrangler.ts";
import { GatewayError } from "../exit.ts";
import { isPlaceholder, replaceDatabaseId } from "../project/database-id.ts";
import { readDatabaseId, readText, SOURCE, writeFiles } from "../project/environments.ts";
import { WORKERS } from "../project/project.ts";
import type { WorkerFile } from "../project/worker-file.ts";
import type { ActualState } from "./actual-state.ts";
import type { Step, StepDeps } from "./step.ts";

/** @throws GatewayError if the files name another database than the account has */
export function databaseSteps(
  deps: StepDeps,
  { databases, pendingMigrations: pending }: Pick<ActualState, "databases" | "pendingMigrations">,
): Step[] {
  const { workers } = deps.desired;
  for (const worker of WORKERS) checkDatabaseId(workers[worker], databases);
  const existing = databases.find(({ name }) => name === workers.producer.databaseName);
  return [
    ...(existing === undefined ? [createDatabase(deps)] : []),
    ...(filesWithPlaceholder(deps).length > 0 ? [writeDatabaseId(deps, existing)] : []),
    ...(pending.length > 0 ? [applyMigrations(deps, pending)] : []),
  ];
}

/** An id in the files is somebody's decision: it is never replaced. */
function checkDatabaseId(
  { file, databaseName, databaseId }: WorkerFile,
  databases: readonly Database[],
): void {
  if (isPlaceholder(databaseId)) return;
  const named = databases.find(({ uuid }) => uuid === databaseId);
  if (named?.name === databaseName) return;
  const problem = named === undefined ? "no database of this account" : `the database ${named.name}`;
  throw new GatewayError(
    `database_id in ${file} is that of ${problem}, not of ${databaseName}: check CLOUDFLARE_ACCOUNT_ID, or put ` +
      "00000000-0000-4000-8000-000000000000 into all files to have the right one written",
  );
}

function createDatabase({ wrangler, desired, location }: StepDeps): Step {
  const { databaseName } = desired.workers.producer;
  return {
    rows: [
      {
        resource: `D1 database ${databaseName}`,
        is: "missing",
        will:
          location === undefined ? "created near this machine (see --location)" : `created in ${location}`,
      },
    ],
    async perform() {
      const databases = await listDatabases(wrangler);
      if (databases.some(({ name }) => name === databaseName))
        return `D1 database ${databaseName} already exists`;
      const where = location === undefined ? [] : ["--location", location];
      await succeed(wrangler, ["d1", "create", databaseName, ...where]);
      return `created D1 database ${databaseName}`;
    },
  };
}

/** The source is one of them only if it has the environment. */
function filesWithPlaceholder({ dir, desired: { workers, environment } }: StepDeps) {
  const source = { file: SOURCE, databaseId: readDatabaseId(dir, environment) };
  return [source, workers.producer, workers.consumer].flatMap(({ file, databaseId }) =>
    databaseId !== undefined && isPlaceholder(databaseId) ? [{ file, databaseId }] : [],
  );
}

function writeDatabaseId(deps: StepDeps, existing: Database | undefined): Step {
  const { dir, wrangler, desired } = deps;
  const { databaseName } = desired.workers.producer;
  return {
    rows: [
      { resource: `database_id of ${databaseName}`, is: "placeholder", will: existing?.uuid ?? "its id" },
    ],
    async perform() {
      const found = (await listDatabases(wrangler)).find(({ name }) => name === databaseName);
      if (found === undefined)
        throw new GatewayError(`Cloudflare does not list database ${databaseName} yet`);
      // Read again: somebody may have edited them since. All are replaced before one is written.
      const files = filesWithPlaceholder(deps).map(({ file, databaseId }) => {
        const before = readText(dir, file);
        const text = replaceDatabaseId(before, desired.environment, databaseId, found.uuid);
        return { file, before, text };
      });
      const names = writeFiles(dir, files).join(", ");
      // Wrangler keeps local state under the id.
      const local = desired.environment === "development" ? "; npm start begins with an empty database" : "";
      return `wrote database_id ${found.uuid} to ${names}: commit this${local}`;
    },
  };
}

function applyMigrations({ wrangler, desired }: StepDeps, pending: readonly string[]): Step {
  const { databaseName, file, migrationsDir } = desired.workers.producer;
  return {
    rows: [
      {
        resource: `schema of ${databaseName}`,
        is: `missing ${countText(pending.length)}`,
        will: "up to date",
      },
    ],
    async perform() {
      const left = await pendingMigrations(wrangler, [databaseName, "--remote"], migrationsDir);
      if (left.length === 0) return `the schema of ${databaseName} is already up to date`;
      const location = ["-c", file, "--env", desired.environment, "--remote"];
      await succeed(wrangler, ["d1", "migrations", "apply", databaseName, ...location]);
      return `applied ${countText(left.length)} to ${databaseName}: ${left.join(", ")}`;
    },
  };
}

const countText = (count: number): string => (count === 1 ? "1 migration" : `${count} migrations`);
