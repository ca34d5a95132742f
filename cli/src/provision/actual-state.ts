/** What the account has. */
import type { Account } from "../cloudflare/account.ts";
import { type ExpiryRule, readLifecycle } from "../cloudflare/buckets.ts";
import { type Database, listDatabases, listMigrations, pendingMigrations } from "../cloudflare/databases.ts";
import { listQueues, type Queue } from "../cloudflare/queues.ts";
import { listSecrets } from "../cloudflare/worker-secrets.ts";
import type { Wrangler } from "../cloudflare/wrangler.ts";
import type { DesiredState } from "../project/desired-state.ts";
import type { WorkerFile } from "../project/worker-file.ts";
import type { SecretNames } from "./optional-secrets.ts";

export interface ActualState {
  readonly queues: readonly Queue[];
  readonly databases: readonly Database[];
  /** In their order. */
  readonly pendingMigrations: readonly string[];
  /** The rules of the archive's bucket; undefined if it does not exist, or the files have none. */
  readonly lifecycle: readonly ExpiryRule[] | undefined;
  readonly secrets: SecretNames;
}

/** Of an account without anything, or of one that cannot be asked. */
export const emptyState = ({ workers }: DesiredState): ActualState => ({
  queues: [],
  databases: [],
  pendingMigrations: listMigrations(workers.producer.migrationsDir),
  lifecycle: undefined,
  secrets: { producer: null, consumer: null },
});

/** Reads everything that the plan depends on. @throws GatewayError if a part cannot be read */
export async function readActualState(
  account: Account,
  wrangler: Wrangler,
  { environment, workers, bucket }: DesiredState,
): Promise<ActualState> {
  const [queues, database, lifecycle, producer, consumer] = await Promise.all([
    listQueues(account),
    readDatabase(wrangler, workers.producer),
    bucket === undefined ? undefined : readLifecycle(account, bucket.name),
    listSecrets(wrangler, workers.producer, environment),
    listSecrets(wrangler, workers.consumer, environment),
  ]);
  return { queues, ...database, lifecycle, secrets: { producer, consumer } };
}

async function readDatabase(wrangler: Wrangler, { databaseName, migrationsDir }: WorkerFile) {
  const databases = await listDatabases(wrangler);
  const exists = databases.some(({ name }) => name === databaseName);
  // By its name: the files may not have its id yet.
  const pending = exists
    ? await pendingMigrations(wrangler, [databaseName, "--remote"], migrationsDir)
    : listMigrations(migrationsDir);
  return { databases, pendingMigrations: pending };
}
