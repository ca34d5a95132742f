/** D1 databases and their migrations, only read. */
import { readdirSync } from "node:fs";
import { SELECT_KNOWN } from "@webhook-gateway/shared/store/repository-names.ts";
import * as v from "valibot";
import { GatewayError } from "../exit.ts";
import { errorCode } from "../input/text-file.ts";
import { readOutput, succeed, type Wrangler, wranglerError } from "./wrangler.ts";

export interface Database {
  readonly uuid: string;
  readonly name: string;
}

/** Every database of the account. @throws GatewayError */
export async function listDatabases(wrangler: Wrangler, signal?: AbortSignal): Promise<Database[]> {
  const output = await succeed(wrangler, ["d1", "list", "--json"], signal && { signal });
  return readOutput(v.array(v.object({ uuid: v.string(), name: v.string() })), output, "d1 list");
}

const applied = v.pipe(
  v.array(v.object({ results: v.array(v.object({ name: v.string() })) })),
  v.transform((answers) => answers.flatMap(({ results }) => results.map(({ name }) => name))),
);

/**
 * The migrations that a database is missing. `wrangler d1 migrations list` prints no JSON, and creates its table if it is
 * missing.
 * @param database the arguments of `d1 execute` that name it
 * @throws GatewayError if the database cannot be read
 */
export async function pendingMigrations(
  wrangler: Wrangler,
  database: readonly string[],
  migrationsDir: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const args = ["d1", "execute", ...database, "--json", "--command", "SELECT name FROM d1_migrations"];
  const run = await wrangler(args, signal && { signal });
  const isNew = run.code !== 0 && /no such table: d1_migrations/.test(run.problem);
  if (run.code !== 0 && !isNew) throw wranglerError(args, run);
  const done = new Set(isNew ? [] : readOutput(applied, run.stdout, "d1 execute"));
  return listMigrations(migrationsDir).filter((name) => !done.has(name));
}

const known = v.object({ repository: v.string(), secret: v.nullable(v.string()) });
export type KnownRepository = v.InferOutput<typeof known>;

/**
 * The repositories that the gateway has heard of.
 * @param database the arguments of `d1 execute` that name it
 * @throws GatewayError
 */
export async function listRepositories(
  wrangler: Wrangler,
  database: readonly string[],
  signal: AbortSignal,
): Promise<KnownRepository[]> {
  const args = ["d1", "execute", ...database, "--json", "--command", SELECT_KNOWN];
  const output = await succeed(wrangler, args, { signal });
  const answers = readOutput(v.array(v.object({ results: v.array(known) })), output, "d1 execute");
  return answers.flatMap(({ results }) => results);
}

/** The names of all migrations, in their order. @throws GatewayError if there are none */
export function listMigrations(dir: string): string[] {
  const migrations = listFolder(dir).filter((name) => name.endsWith(".sql"));
  // Otherwise every database would count as up to date.
  if (migrations.length === 0) throw new GatewayError(`there are no migrations in ${dir}`);
  return migrations.toSorted();
}

function listFolder(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (thrown) {
    throw new GatewayError(`cannot read the migrations: ${dir} (${errorCode(thrown)})`);
  }
}
