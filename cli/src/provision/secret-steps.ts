/** Steps about secrets. Values go to Wrangler's standard input, and nowhere else but to the file that keeps them. */
import { listSecrets } from "../cloudflare/worker-secrets.ts";
import { succeed } from "../cloudflare/wrangler.ts";
import { WORKERS } from "../project/project.ts";
import type { WorkerFile } from "../project/worker-file.ts";
import type { SecretNames } from "./optional-secrets.ts";
import { type SecretPlan, secretValues } from "./secret-plan.ts";
import { type SecretInputs, writeSecretsFile } from "./secrets-file.ts";
import type { Row, Step, StepDeps } from "./step.ts";

type Values = ReadonlyMap<string, string>;

/** Sets the secrets that are missing, with one request for each Worker. */
export function secretSteps(
  deps: StepDeps,
  plan: SecretPlan,
  inputs: SecretInputs,
  actual: SecretNames,
): Step[] {
  let made: Values | undefined;
  // Generated when they are needed, and kept before they are used.
  const values = (): Values => {
    if (made !== undefined) return made;
    const { values, generated } = secretValues(plan, inputs);
    if (inputs.file !== undefined && Object.keys(generated).length > 0)
      writeSecretsFile(inputs.file, deps.desired.environment, generated);
    made = values;
    return made;
  };
  const rowsOf = ({ worker, script, secrets }: WorkerFile): Row[] => [
    ...(actual[worker] === null
      ? [{ resource: `Worker ${script}`, is: "missing", will: "an empty Worker that holds secrets" }]
      : []),
    ...plan.missing[worker].map((name) => ({
      resource: `${worker}: ${name}`,
      is: secrets.includes(name) ? "missing" : "not set",
      will: sourceText(name, plan, inputs),
    })),
  ];
  return WORKERS.filter((worker) => plan.missing[worker].length > 0).map((worker) => ({
    rows: rowsOf(deps.desired.workers[worker]),
    perform: () => putSecrets(deps, deps.desired.workers[worker], plan.missing[worker], values),
  }));
}

async function putSecrets(
  { wrangler, desired: { environment } }: StepDeps,
  worker: WorkerFile,
  names: readonly string[],
  values: () => Values,
): Promise<string> {
  const { file, script } = worker;
  const existing = await listSecrets(wrangler, worker, environment);
  const missing = names.filter((name) => !existing?.includes(name));
  if (missing.length === 0) return `the secrets of ${script} are already set`;
  const all = values();
  const input = JSON.stringify(Object.fromEntries(missing.map((name) => [name, all.get(name)])));
  // If the Worker does not exist, Wrangler creates one that does nothing: a secret belongs to a Worker.
  await succeed(wrangler, ["secret", "bulk", "-c", file, "--env", environment], { input });
  return `set ${missing.join(", ")} of ${script}`;
}

function sourceText(name: string, { sources }: SecretPlan, { file }: SecretInputs): string {
  switch (sources.get(name)) {
    case "environment":
      return "set, from the environment";
    case "file":
      return `set, from ${file?.name ?? "the file"}`;
    default:
      return `random, kept in ${file?.name ?? "--secrets-file"}`;
  }
}
