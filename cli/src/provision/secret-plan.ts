/** Which secrets are missing, and where each value comes from. */
import { wranglerCommand } from "../cloudflare/wrangler-command.ts";
import { EXIT, GatewayError } from "../exit.ts";
import type { Wanted, WorkerFile } from "../project/desired-state.ts";
import { type Settings, WORKERS, type WorkerName } from "../project/project.ts";
import { makeSecret, RANDOM_SECRETS } from "../project/secret-names.ts";
import { givenSecrets } from "./optional-secrets.ts";
import type { SecretsFile } from "./secrets-file.ts";

export type SecretSource = "environment" | "file" | "random";

export interface SecretPlan {
  /** What each Worker lacks: what it needs, and what a person has given. */
  readonly missing: Readonly<Record<WorkerName, readonly string[]>>;
  readonly sources: ReadonlyMap<string, SecretSource>;
}

export interface SecretPlaces {
  readonly settings: Settings;
  readonly file: SecretsFile | undefined;
}

/** The names of those that each Worker has; null where there is no such Worker. */
export type SecretNames = Readonly<Record<WorkerName, readonly string[] | null>>;

/**
 * Plans what is to be put. A secret that is there is never replaced.
 * @throws GatewayError where a value can neither be found nor made
 */
export function planSecrets(wanted: Wanted, actual: SecretNames, places: SecretPlaces): SecretPlan {
  const given = givenSecrets(wanted, actual, places);
  const { workers, environment } = wanted;
  const lackedBy = (worker: WorkerName): string[] => [
    ...missingSecrets(workers[worker], actual[worker]),
    ...given[worker],
  ];
  const missing = { producer: lackedBy("producer"), consumer: lackedBy("consumer") };
  const sources = new Map<string, SecretSource>();
  for (const name of new Set(WORKERS.flatMap((worker) => missing[worker]))) {
    const holder = WORKERS.find(
      (worker) => actual[worker]?.includes(name) && workers[worker].secrets.includes(name),
    );
    sources.set(
      name,
      sourceOf(name, places, holder === undefined ? undefined : workers[holder], environment),
    );
  }
  return { missing, sources };
}

/** The required ones that a Worker lacks. */
export const missingSecrets = ({ secrets }: WorkerFile, actual: readonly string[] | null): string[] =>
  secrets.filter((name) => actual === null || !actual.includes(name));

/**
 * The values, the missing ones made.
 * @throws GatewayError where nothing would keep a value that is made
 */
export function secretValues({ sources }: SecretPlan, { settings, file }: SecretPlaces) {
  const made: Record<string, string> = {};
  const values = new Map<string, string>();
  for (const [name, source] of sources) {
    if (source === "random") made[name] = makeSecret();
    const given = source === "environment" ? settings[name] : file?.values?.[name];
    values.set(name, made[name] ?? given ?? "");
  }
  return { values, made };
}

/** @throws GatewayError where a value is to be made, and nothing would keep it */
export function requireKeeping({ sources }: SecretPlan, file: SecretsFile | undefined): void {
  const made = [...sources].flatMap(([name, source]) => (source === "random" ? [name] : []));
  if (made.length === 0) return;
  if (file === undefined) {
    throw new GatewayError(
      `${made.join(", ")} will be made at random, and nobody can read them at Cloudflare: name a new file for ` +
        "them with --secrets-file, or set environment variables of these names",
      EXIT.usage,
    );
  }
  if (file.values !== null) {
    throw new GatewayError(
      `${file.name} is there already, without ${made.join(", ")}, and is not overwritten: name another file`,
      EXIT.usage,
    );
  }
}

function sourceOf(
  name: string,
  { settings, file }: SecretPlaces,
  holder: WorkerFile | undefined,
  environment: string,
): SecretSource {
  const given = settings[name];
  const kept = file?.values?.[name];
  if (given !== undefined && kept !== undefined && given !== kept) {
    throw new GatewayError(`${name} is set in the environment and, to another value, in ${file?.name}`);
  }
  if (given !== undefined) return "environment";
  if (kept !== undefined) return "file";
  if (holder !== undefined) {
    throw new GatewayError(
      `${name} has to be the same in both Workers, is in ${holder.script} only, and cannot be read there: set the ` +
        "environment variable of that name to its value, or give the --secrets-file of the run before. To have a new " +
        `one made: ${wranglerCommand(`secret delete ${name} -c ${holder.file} --env ${environment}`)}`,
    );
  }
  if (RANDOM_SECRETS.includes(name)) return "random";
  throw new GatewayError(
    `${name} is required and cannot be made up: set the environment variable of that name`,
  );
}
