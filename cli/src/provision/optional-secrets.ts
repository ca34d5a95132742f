/** Secrets that a Worker can start without: they are set if a person has given a value, and the Worker has none. */
import type { DesiredState } from "../project/desired-state.ts";
import { byWorker, type Settings, type WorkerName } from "../project/project.ts";
import { OPTIONAL_SECRETS } from "../project/secret-names.ts";
import { givenSecret, type SecretInputs } from "./secrets-file.ts";

/** The names of the secrets that each Worker has; null if the Worker does not exist. */
export type SecretNames = Readonly<Record<WorkerName, readonly string[] | null>>;

/** Neither is of any use without the other. */
const APP = ["GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY"] as const;

/** @returns the names of those that each Worker is to get */
export function optionalSecrets(
  { workers }: DesiredState,
  actual: SecretNames,
  inputs: SecretInputs,
): Record<WorkerName, string[]> {
  return byWorker((worker) => {
    const { vars, secrets } = workers[worker];
    // A variable of the same name would replace the secret at the next deployment.
    const isMissing = (name: string): boolean =>
      !(name in vars) && !secrets.includes(name) && actual[worker]?.includes(name) !== true;
    const names = OPTIONAL_SECRETS[worker].filter((name) => isGiven(name, inputs) && isMissing(name));
    const half = worker === "consumer" ? halfApp(vars, actual.consumer, names) : undefined;
    return names.filter((name) => name !== half);
  });
}

/** What is given, but not set. */
export function optionalSecretNotes(
  { workers }: DesiredState,
  actual: SecretNames,
  inputs: SecretInputs,
): string[] {
  const given = APP.filter((name) => isGiven(name, inputs));
  const half = halfApp(workers.consumer.vars, actual.consumer, given);
  return half === undefined
    ? []
    : [`${half} is given without ${APP.find((name) => name !== half)} and is not set: they belong together`];
}

/** The half of the App's credentials that would be there alone. */
function halfApp(vars: Settings, actual: readonly string[] | null, given: readonly string[]) {
  const present = APP.filter((name) => given.includes(name) || actual?.includes(name) || vars[name]);
  return present.length === 1 ? present.find((name) => given.includes(name)) : undefined;
}

const isGiven = (name: string, inputs: SecretInputs): boolean => givenSecret(name, inputs) !== undefined;
