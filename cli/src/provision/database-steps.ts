/** Steps about the database: made, named in both files, its schema brought up to date. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Database, listDatabases, pendingMigrations } from "../cloudflare/databases.ts";
import { succeed } from "../cloudflare/wrangler.ts";
import { GatewayError } from "../exit.ts";
import { isPlaceholder, replaceDatabaseId } from "../project/database-id.ts";
import type { Wanted, WorkerFile } from "../project/desired-state.ts";
import { WORKERS, type WorkerName } from "../project/project.ts";
import type { Actual } from "./actual-state.ts";
import type { Row, Step, StepDeps } from "./step.ts";

/** @throws GatewayError where the files name another database than the account has */
export function databaseSteps(
  deps: StepDeps,
  { databases, pendingMigrations: pending }: Pick<Actual, "databases" | "pendingMigrations">,
): Step[] {
  const { databaseName } = deps.wanted.workers.producer;
  const unnamed = WORKERS.filter((worker) => isPlaceholder(deps.wanted.workers[worker].databaseId));
  checkDatabaseId(deps.wanted, databases);
  const there = databases.find(({ name }) => name === databaseName);
  return [
    ...(there === undefined ? [createDatabase(deps)] : []),
    ...(unnamed.length > 0 ? [writeDatabaseId(deps, unnamed, there)] : []),
    ...(pending.length > 0 ? [applyMigrations(deps, pending)] : []),
  ];
}

/** An id in the files is somebody's decision: it is never replaced by another. */
function checkDatabaseId({ workers }: Wanted, databases: readonly Database[]): void {
  for (const { databaseName, databaseId, file } of WORKERS.map((worker) => workers[worker])) {
    if (isPlaceholder(databaseId)) continue;
    const named = databases.find(({ uuid }) => uuid === databaseId);
    if (named?.name === databaseName) continue;
    const problem = named === undefined ? "no database of this account" : `the database ${named.name}`;
    throw new GatewayError(
      `database_id in ${file} is that of ${problem}, and not of ${databaseName}: check CLOUDFLARE_ACCOUNT_ID, or ` +
        "put 00000000-0000-4000-8000-000000000000 into both files to have the right one written",
    );
  }
}

function createDatabase({ wrangler, wanted }: StepDeps): Step {
  const { databaseName } = wanted.workers.producer;
  return {
    rows: [{ resource: `D1 database ${databaseName}`, is: "missing", will: "made" }],
    async perform() {
      const databases = await listDatabases(wrangler);
      if (databases.some(({ name }) => name === databaseName))
        return `D1 database ${databaseName} was made already`;
      await succeed(wrangler, ["d1", "create", databaseName]);
      return `made D1 database ${databaseName}`;
    },
  };
}

function writeDatabaseId(
  { dir, wrangler, wanted }: StepDeps,
  unnamed: readonly WorkerName[],
  there: Database | undefined,
): Step {
  const { databaseName } = wanted.workers.producer;
  const files = unnamed.map((worker) => wanted.workers[worker]);
  const rowOf = ({ file }: WorkerFile): Row => ({
    resource: `database_id in ${file}`,
    is: "placeholder",
    will: there?.uuid ?? "its id",
  });
  return {
    rows: files.map(rowOf),
    async perform() {
      const found = (await listDatabases(wrangler)).find(({ name }) => name === databaseName);
      if (found === undefined)
        throw new GatewayError(`Cloudflare does not list database ${databaseName} yet`);
      // Read again: somebody may have edited them since.
      const rewritten = files.map(({ file, databaseId }) => {
        const place = path.join(dir, file);
        const toml = readFileSync(place, "utf8");
        return { place, toml: replaceDatabaseId(toml, wanted.environment, databaseId, found.uuid) };
      });
      for (const { place, toml } of rewritten) writeFileSync(place, toml);
      const names = files.map(({ file }) => file).join(" and ");
      // Wrangler keeps local state under the id.
      const local = wanted.environment === "development" ? "; npm start begins with an empty database" : "";
      return `wrote database_id ${found.uuid} into ${names}: commit it${local}`;
    },
  };
}

function applyMigrations({ wrangler, wanted }: StepDeps, pending: readonly string[]): Step {
  const { environment, workers } = wanted;
  const { databaseName, file, migrationsDir } = workers.producer;
  const countText = (count: number): string => (count === 1 ? "1 migration" : `${count} migrations`);
  return {
    rows: [
      {
        resource: `schema of ${databaseName}`,
        is: `lacks ${countText(pending.length)}`,
        will: "up to date",
      },
    ],
    async perform() {
      const still = await pendingMigrations(wrangler, [databaseName, "--remote"], migrationsDir);
      if (still.length === 0) return `the schema of ${databaseName} was up to date already`;
      const place = ["-c", file, "--env", environment, "--remote"];
      await succeed(wrangler, ["d1", "migrations", "apply", databaseName, ...place]);
      return `applied ${countText(still.length)} to ${databaseName}: ${still.join(", ")}`;
    },
  };
}
