/** Steps about secrets. Values go to Wrangler's standard input and nowhere else but the file that keeps them. */

import { listSecrets } from "../cloudflare/worker-secrets.ts";
import { succeed } from "../cloudflare/wrangler.ts";
import { WORKERS, type WorkerName } from "../project/project.ts";
import type { Actual } from "./actual-state.ts";
import { type SecretPlaces, type SecretPlan, secretValues } from "./secret-plan.ts";
import { writeSecretsFile } from "./secrets-file.ts";
import type { Row, Step, StepDeps } from "./step.ts";

/** Puts what is missing, one request a Worker. */
export function secretSteps(
  deps: StepDeps,
  plan: SecretPlan,
  places: SecretPlaces,
  actual: Actual["secrets"],
): Step[] {
  const { environment, workers } = deps.wanted;
  let made: ReturnType<typeof secretValues> | undefined;
  // Made when they are needed, and kept before they are used.
  const values = () => {
    if (made !== undefined) return made.values;
    made = secretValues(plan, places);
    const { file } = places;
    if (file !== undefined && Object.keys(made.made).length > 0)
      writeSecretsFile(file, environment, made.made);
    return made.values;
  };
  const rowsOf = (worker: WorkerName): Row[] => {
    const { script } = workers[worker];
    const draft = { resource: `Worker ${script}`, is: "missing", will: "a draft that holds secrets" };
    const rows = plan.missing[worker].map((name) => {
      const is = workers[worker].secrets.includes(name) ? "missing" : "not set";
      return { resource: `${worker}: ${name}`, is, will: sourceText(name, plan, places) };
    });
    return actual[worker] === null ? [draft, ...rows] : rows;
  };
  return WORKERS.filter((worker) => plan.missing[worker].length > 0).map((worker) => ({
    rows: rowsOf(worker),
    perform: () => putSecrets(deps, worker, plan.missing[worker], values),
  }));
}

async function putSecrets(
  { wrangler, wanted }: StepDeps,
  worker: WorkerName,
  names: readonly string[],
  values: () => ReadonlyMap<string, string>,
): Promise<string> {
  const { environment, workers } = wanted;
  const { file, script } = workers[worker];
  const there = await listSecrets(wrangler, workers[worker], environment);
  const missing = names.filter((name) => there === null || !there.includes(name));
  if (missing.length === 0) return `the secrets of ${script} were set already`;
  const all = values();
  const input = JSON.stringify(Object.fromEntries(missing.map((name) => [name, all.get(name)])));
  // Where there is no such Worker, Wrangler makes one that does nothing: a secret needs a Worker to be in.
  await succeed(wrangler, ["secret", "bulk", "-c", file, "--env", environment], { input });
  return `set ${missing.join(", ")} of ${script}`;
}

function sourceText(name: string, { sources }: SecretPlan, { file }: SecretPlaces): string {
  switch (sources.get(name)) {
    case "environment":
      return "set, from the environment";
    case "file":
      return `set, from ${file?.name ?? "the file"}`;
    default:
      return `random, kept in ${file?.name ?? "--secrets-file"}`;
  }
}
