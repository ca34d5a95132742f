/** Checks secrets that a person has given as the Worker will: a bad one would keep it from starting. */
import { ConfigError, type ConfigProblem } from "@webhook-gateway/shared/config/common.ts";
import { EXIT, GatewayError } from "../exit.ts";
import type { DesiredState } from "../project/desired-state.ts";
import { WORKERS } from "../project/project.ts";
import { OPTIONAL_SECRETS, unknownSecret } from "../project/secret-names.ts";
import { checkWorkerConfig } from "../project/worker-config.ts";
import type { WorkerFile } from "../project/worker-file.ts";
import { givenSecret, type SecretInputs } from "./secrets-file.ts";

/** @throws GatewayError naming the bad ones, and never a value */
export function checkGivenSecrets({ workers }: DesiredState, inputs: SecretInputs): void {
  // The two Workers have one in common.
  const problems = new Map(
    WORKERS.flatMap((worker) => problemsOf(workers[worker], inputs)).map((problem) => [problem.key, problem]),
  );
  if (problems.size === 0) return;
  throw new GatewayError(new ConfigError([...problems.values()]).message, EXIT.usage);
}

function problemsOf({ worker, vars, secrets }: WorkerFile, inputs: SecretInputs): readonly ConfigProblem[] {
  const given = Object.fromEntries(
    [...secrets, ...OPTIONAL_SECRETS[worker]].flatMap((name) => {
      const value = givenSecret(name, inputs);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const unknown = Object.fromEntries(secrets.map((name) => [name, unknownSecret(name)]));
  try {
    checkWorkerConfig(worker, { ...unknown, ...vars, ...given });
    return [];
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    // Variables are checked by doctor: they can be fixed until the Worker is deployed.
    return thrown.problems.filter(({ key }) => key in given);
  }
}
