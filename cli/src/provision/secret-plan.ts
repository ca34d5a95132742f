/** Which secrets are missing, and where each value comes from. */
import { deleteSecretCommand } from "../cloudflare/wrangler-command.ts";
import { EXIT, GatewayError } from "../exit.ts";
import type { DesiredState } from "../project/desired-state.ts";
import { byWorker, type EnvironmentName, WORKERS, type WorkerName } from "../project/project.ts";
import { makeSecret, RANDOM_SECRETS } from "../project/secret-names.ts";
import type { WorkerFile } from "../project/worker-file.ts";
import { optionalSecrets, type SecretNames } from "./optional-secrets.ts";
import { givenSecret, type SecretInputs, type SecretsFile } from "./secrets-file.ts";

export type SecretSource = "environment" | "file" | "random";

export interface SecretPlan {
  /** What each Worker is missing: required secrets, and optional ones that a person has given. */
  readonly missing: Readonly<Record<WorkerName, readonly string[]>>;
  readonly sources: ReadonlyMap<string, SecretSource>;
}

/**
 * Plans which secrets are set. One that exists is never replaced.
 * @throws GatewayError if a value is neither given nor can be generated
 */
export function planSecrets(desired: DesiredState, actual: SecretNames, inputs: SecretInputs): SecretPlan {
  const { workers, environment } = desired;
  const optional = optionalSecrets(desired, actual, inputs);
  const missing = byWorker((worker) => [
    ...missingSecrets(workers[worker], actual[worker]),
    ...optional[worker],
  ]);
  const names = new Set(WORKERS.flatMap((worker) => missing[worker]));
  const sources = [...names].map((name) => {
    const holder = WORKERS.map((worker) => workers[worker]).find(
      ({ worker, secrets }) => actual[worker]?.includes(name) && secrets.includes(name),
    );
    return [name, sourceOf(name, inputs, holder, environment)] as const;
  });
  return { missing, sources: new Map(sources) };
}

/** The required ones that a Worker is missing. */
export const missingSecrets = ({ secrets }: WorkerFile, actual: readonly string[] | null): string[] =>
  secrets.filter((name) => !actual?.includes(name));

/** The values, including those that are generated now. */
export function secretValues({ sources }: SecretPlan, inputs: SecretInputs) {
  const generated: Record<string, string> = {};
  const values = new Map<string, string>();
  for (const [name, source] of sources) {
    if (source === "random") generated[name] = makeSecret();
    values.set(name, generated[name] ?? givenSecret(name, inputs) ?? "");
  }
  return { values, generated };
}

/** @throws GatewayError if a value is to be generated, and nothing would keep it */
export function requireKeeping({ sources }: SecretPlan, file: SecretsFile | undefined): void {
  const generated = [...sources].flatMap(([name, source]) => (source === "random" ? [name] : [])).join(", ");
  if (generated === "") return;
  if (file === undefined) {
    throw new GatewayError(
      `${generated} will be generated, and Cloudflare never shows them again: name a new file for them with ` +
        "--secrets-file, or set environment variables of these names",
      EXIT.usage,
    );
  }
  if (file.values !== null) {
    throw new GatewayError(
      `${file.name} already exists without ${generated}, and is not overwritten: name another file`,
      EXIT.usage,
    );
  }
}

/** @param holder the Worker that has the secret already, if the other one is missing it */
function sourceOf(
  name: string,
  { settings, file }: SecretInputs,
  holder: WorkerFile | undefined,
  environment: EnvironmentName,
): SecretSource {
  const given = settings[name];
  const kept = file?.values?.[name];
  if (given !== undefined && kept !== undefined && given !== kept)
    throw new GatewayError(`${name} has different values in the environment and in ${file?.name}`);
  if (given !== undefined) return "environment";
  if (kept !== undefined) return "file";
  if (holder !== undefined) {
    throw new GatewayError(
      `${name} has to be the same in both Workers, but only ${holder.script} has it, and it cannot be read there: set ` +
        "the environment variable of that name to its value, or pass the --secrets-file of the run before. To have a " +
        `new one generated: ${deleteSecretCommand(name, holder.worker, environment)}`,
    );
  }
  if (RANDOM_SECRETS.includes(name)) return "random";
  throw new GatewayError(
    `${name} is required and cannot be generated: set the environment variable of that name`,
  );
}
