/** What the two configuration files name for an environment. */
import path from "node:path";
import * as v from "valibot";
import { GatewayError } from "../exit.ts";
import { plainText } from "../output/plain-text.ts";
import { isPlaceholder } from "./database-id.ts";
import { configFile, type EnvironmentName, type WorkerName } from "./project.ts";

/** One Worker of one environment, as its file has it. */
export interface WorkerFile {
  /** `wrangler.producer.toml` */
  readonly file: string;
  /** The Worker's name at Cloudflare. */
  readonly script: string;
  readonly vars: Readonly<Record<string, string>>;
  /** Secrets without which it does not start. */
  readonly secrets: readonly string[];
  readonly produces: readonly string[];
  readonly consumes: readonly { readonly queue: string; readonly deadLetters: string | undefined }[];
  readonly databaseName: string;
  readonly databaseId: string;
  /** Where the migrations stand. */
  readonly migrationsDir: string;
}

export interface WantedQueue {
  readonly name: string;
  /** Messages are kept so long; null: as long as Cloudflare's default has it. */
  readonly retentionSeconds: number | null;
}

export interface Wanted {
  readonly environment: EnvironmentName;
  readonly workers: Readonly<Record<WorkerName, WorkerFile>>;
  readonly queues: readonly WantedQueue[];
}

/** The longest that there is: 14 days (Queues limits, docs 2026-11). A fact must outlive a long weekend of D1 being away. */
export const FACT_RETENTION_SECONDS = 1_209_600;

/** @throws GatewayError where a file cannot be read, or the two do not belong together */
export async function readWanted(dir: string, environment: EnvironmentName): Promise<Wanted> {
  const [producer, consumer] = await Promise.all([
    readWorkerFile(dir, "producer", environment),
    readWorkerFile(dir, "consumer", environment),
  ]);
  return wantedOf(environment, producer, consumer);
}

/** @throws GatewayError where the two do not belong together */
export function wantedOf(environment: EnvironmentName, producer: WorkerFile, consumer: WorkerFile): Wanted {
  const ids = [producer, consumer].map(({ databaseId }) => databaseId).filter((id) => !isPlaceholder(id));
  // One of them may have been written, and the other not yet.
  if (producer.databaseName !== consumer.databaseName || new Set(ids).size > 1) {
    throw new GatewayError(
      `${producer.file} and ${consumer.file} name different databases for ${environment}: ` +
        "database_name and database_id have to be the same in both",
    );
  }
  return { environment, workers: { producer, consumer }, queues: wantedQueues(producer, consumer) };
}

const names = v.nullish(v.array(v.string()), []);

/** Of what Wrangler reads in a file, what is needed here. */
const workerConfig = v.object({
  name: v.string(),
  vars: v.record(v.string(), v.pipe(v.unknown(), v.transform(String))),
  secrets: v.nullish(v.object({ required: names })),
  queues: v.object({
    producers: v.nullish(v.array(v.object({ queue: v.string() })), []),
    consumers: v.nullish(
      v.array(v.object({ queue: v.string(), dead_letter_queue: v.optional(v.string()) })),
      [],
    ),
  }),
  d1_databases: v.tuple([
    v.object({
      database_name: v.string(),
      database_id: v.optional(v.string(), ""),
      migrations_dir: v.optional(v.string(), "migrations"),
    }),
  ]),
});

/** @throws GatewayError where the file cannot be read */
export async function readWorkerFile(
  dir: string,
  worker: WorkerName,
  environment: EnvironmentName,
): Promise<WorkerFile> {
  const file = configFile(worker);
  const parsed = v.safeParse(workerConfig, await readConfig(path.join(dir, file), environment, file));
  if (!parsed.success) {
    const field = parsed.issues.map((issue) => v.getDotPath(issue) ?? "the whole")[0];
    throw new GatewayError(`${file} lacks something for ${environment}: ${field}`);
  }
  const { name, vars, secrets, queues, d1_databases } = parsed.output;
  const [database] = d1_databases;
  return {
    file,
    script: name,
    vars,
    secrets: secrets?.required ?? [],
    produces: queues.producers?.map(({ queue }) => queue) ?? [],
    consumes: (queues.consumers ?? []).map(({ queue, dead_letter_queue: deadLetters }) => ({
      queue,
      deadLetters,
    })),
    databaseName: database.database_name,
    databaseId: database.database_id,
    migrationsDir: path.resolve(dir, database.migrations_dir),
  };
}

/** As Wrangler itself reads it. It is loaded only where it is needed: that takes a second. */
async function readConfig(config: string, env: string, file: string): Promise<unknown> {
  const { unstable_readConfig } = await import("wrangler");
  try {
    return unstable_readConfig({ config, env }, { hideWarnings: true });
  } catch (thrown) {
    const reason = thrown instanceof Error ? plainText(thrown.message) : "it is not said why";
    throw new GatewayError(`${file} cannot be read: ${reason}`);
  }
}

/** What holds facts keeps them for long: what the producer writes, and dead letters. A wake-up may be lost. */
function wantedQueues(producer: WorkerFile, consumer: WorkerFile): WantedQueue[] {
  const letters = consumer.consumes.flatMap(({ deadLetters }) => deadLetters ?? []);
  const facts = new Set([...producer.produces, ...letters]);
  const all = new Set([...facts, ...consumer.produces, ...consumer.consumes.map(({ queue }) => queue)]);
  return [...all].map((name) => ({
    name,
    retentionSeconds: facts.has(name) ? FACT_RETENTION_SECONDS : null,
  }));
}
