/** A Worker's configuration file, read for one environment. */
import { readFileSync } from "node:fs";
import path from "node:path";
import * as v from "valibot";
import { GatewayError } from "../exit.ts";
import { plainText } from "../output/plain-text.ts";
import { configFile, type EnvironmentName, type WorkerName } from "./project.ts";

export interface WorkerFile {
  readonly worker: WorkerName;
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
  /** An absolute path. */
  readonly migrationsDir: string;
  /** The bucket of the archive; undefined if it has none. */
  readonly bucketName: string | undefined;
}

const names = v.nullish(v.array(v.string()), []);

/** The parts of Wrangler's configuration that are needed here. */
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
  r2_buckets: v.nullish(v.array(v.object({ binding: v.string(), bucket_name: v.optional(v.string()) })), []),
  d1_databases: v.tuple([
    v.object({
      database_name: v.string(),
      database_id: v.optional(v.string(), ""),
      migrations_dir: v.optional(v.string(), "migrations"),
    }),
  ]),
});

/**
 * @param dir the project's folder
 * @param from where the file is, if it is a copy
 * @throws GatewayError if the file cannot be read
 */
export async function readWorkerFile(
  dir: string,
  worker: WorkerName,
  environment: EnvironmentName,
  from = dir,
): Promise<WorkerFile> {
  const file = configFile(worker);
  const location = path.join(from, file);
  const parsed = v.safeParse(workerConfig, await readConfig(location, environment, file));
  if (!parsed.success) {
    const [field = ""] = parsed.issues.map((issue) => v.getDotPath(issue) ?? "everything");
    throw new GatewayError(`${file}: ${environment} is missing ${field}`);
  }
  const { name, vars, secrets, queues, d1_databases, r2_buckets } = parsed.output;
  const [database] = d1_databases;
  return {
    worker,
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
    bucketName: r2_buckets?.find(({ binding }) => binding === "ARCHIVE")?.bucket_name,
  };
}

/** Empty if it cannot be read: Wrangler has said why. */
function readText(location: string): string {
  try {
    return readFileSync(location, "utf8");
  } catch {
    return "";
  }
}

/** The environments of a configuration file, in its order. */
const environmentsOf = (toml: string): string[] => [
  ...new Set([...toml.matchAll(/^\s*\[+\s*env\.([\w-]+)/gm)].flatMap(([, name]) => name ?? [])),
];

const unknownText = (file: string, environment: string, known: readonly string[]): string =>
  `${file} has no environment ${environment}, only ${known.join(", ")}: create it as a further cell with ` +
  `gateway provision --env ${environment}`;

/** Reads it with Wrangler itself. Wrangler is loaded only here, because that takes a second. */
async function readConfig(config: string, env: string, file: string): Promise<unknown> {
  const { unstable_readConfig } = await import("wrangler");
  try {
    return unstable_readConfig({ config, env }, { hideWarnings: true });
  } catch (thrown) {
    const known = environmentsOf(readText(config));
    if (known.length > 0 && !known.includes(env)) throw new GatewayError(unknownText(file, env, known));
    const reason = thrown instanceof Error ? plainText(thrown.message) : "unknown reason";
    throw new GatewayError(`${file} cannot be read: ${reason}`);
  }
}
