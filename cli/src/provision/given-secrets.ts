/** Secrets as a person has given them, judged as the Worker will that gets them: there a bad one stops everything. */
import { ConfigError, type ConfigProblem } from "@webhook-gateway/shared/config/common.ts";
import { EXIT, GatewayError } from "../exit.ts";
import type { Wanted } from "../project/desired-state.ts";
import { WORKERS, type WorkerName } from "../project/project.ts";
import { OPTIONAL_SECRETS } from "../project/secret-names.ts";
import { checkWorkerConfig } from "../project/worker-config.ts";
import type { SecretPlaces } from "./secret-plan.ts";

/** In the place of those that are made later, or are at Cloudflare already. */
const UNKNOWN_SECRET = "unknown";

/** @throws GatewayError naming the bad ones, and never a value */
export function checkGivenSecrets(wanted: Wanted, places: SecretPlaces): void {
  // The two Workers have one in common.
  const problems = new Map(
    WORKERS.flatMap((worker) => problemsOf(wanted, worker, places)).map((one) => [one.key, one]),
  );
  if (problems.size === 0) return;
  throw new GatewayError(new ConfigError([...problems.values()]).message, EXIT.usage);
}

function problemsOf({ workers }: Wanted, worker: WorkerName, { settings, file }: SecretPlaces) {
  const { vars, secrets } = workers[worker];
  const given = Object.fromEntries(
    [...secrets, ...OPTIONAL_SECRETS[worker]].flatMap((name) => {
      const value = settings[name] ?? file?.values?.[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const unknown = Object.fromEntries(secrets.map((name) => [name, UNKNOWN_SECRET]));
  try {
    checkWorkerConfig(worker, { ...unknown, ...vars, ...given });
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    // Variables are doctor's matter: they can be mended until the Worker is deployed.
    return thrown.problems.filter(({ key }): boolean => key in given);
  }
  return [] as ConfigProblem[];
}
