/** What there is in the account. */
import type { Account } from "../cloudflare/account.ts";
import { type Database, listDatabases, listMigrations, pendingMigrations } from "../cloudflare/databases.ts";
import { listQueues, type Queue } from "../cloudflare/queues.ts";
import { listSecrets } from "../cloudflare/worker-secrets.ts";
import type { Wrangler } from "../cloudflare/wrangler.ts";
import type { Wanted } from "../project/desired-state.ts";
import { WORKERS, type WorkerName } from "../project/project.ts";

export interface Actual {
  readonly queues: readonly Queue[];
  readonly databases: readonly Database[];
  /** In their order. */
  readonly pendingMigrations: readonly string[];
  /** Names; null where there is no such Worker. */
  readonly secrets: Readonly<Record<WorkerName, readonly string[] | null>>;
}

/** Reads all that the plan depends on. @throws GatewayError where a part cannot be read */
export async function readActual(account: Account, wrangler: Wrangler, wanted: Wanted): Promise<Actual> {
  const [queues, database, ...secrets] = await Promise.all([
    listQueues(account),
    readDatabase(wrangler, wanted),
    ...WORKERS.map((worker) => listSecrets(wrangler, wanted.workers[worker], wanted.environment)),
  ]);
  const [producer = null, consumer = null] = secrets;
  return { queues, ...database, secrets: { producer, consumer } };
}

async function readDatabase(wrangler: Wrangler, { workers: { producer } }: Wanted) {
  const databases = await listDatabases(wrangler);
  const { databaseName, migrationsDir } = producer;
  const isThere = databases.some(({ name }) => name === databaseName);
  // By its name: its id may not stand in the files yet.
  const pending = isThere
    ? await pendingMigrations(wrangler, [databaseName, "--remote"], migrationsDir)
    : listMigrations(migrationsDir);
  return { databases, pendingMigrations: pending };
}
