/** Secrets that a Worker starts without: they are put where a person has given a value, and the Worker has none. */

import type { Wanted } from "../project/desired-state.ts";
import { WORKERS, type WorkerName } from "../project/project.ts";
import { OPTIONAL_SECRETS } from "../project/secret-names.ts";
import type { SecretNames, SecretPlaces } from "./secret-plan.ts";

/** The one is of no use without the other. */
const APP = ["GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY"] as const;

/** @returns what each Worker is to get */
export function givenSecrets(
  { workers }: Wanted,
  actual: SecretNames,
  places: SecretPlaces,
): Record<WorkerName, string[]> {
  const [producer = [], consumer = []] = WORKERS.map((worker) => {
    const { vars, secrets } = workers[worker];
    // A name has one value: what the file has as a variable would take the secret's place at the next deployment.
    const lacks = (name: string): boolean =>
      !(name in vars) && !secrets.includes(name) && actual[worker]?.includes(name) !== true;
    return OPTIONAL_SECRETS[worker].filter((name) => isGiven(name, places) && lacks(name));
  });
  const half = halfApp(workers.consumer.vars, actual.consumer ?? [], consumer);
  return { producer, consumer: consumer.filter((name) => name !== half) };
}

/** What is given, and is not put. */
export function givenNotes({ workers }: Wanted, actual: SecretNames, places: SecretPlaces): string[] {
  const given = APP.filter((name) => isGiven(name, places));
  const half = halfApp(workers.consumer.vars, actual.consumer ?? [], given);
  return half === undefined
    ? []
    : [`${half} is given without ${APP.find((name) => name !== half)}, and is not put: they belong together`];
}

/** The half of the App's credentials that would be there alone. */
function halfApp(
  vars: Readonly<Record<string, string>>,
  actual: readonly string[],
  given: readonly string[],
) {
  const there = APP.filter((name) => given.includes(name) || actual.includes(name) || vars[name]);
  const [one] = there;
  return there.length === 1 && one !== undefined && given.includes(one) ? one : undefined;
}

const isGiven = (name: string, { settings, file }: SecretPlaces): boolean =>
  settings[name] !== undefined || file?.values?.[name] !== undefined;
