/** Are the secrets there? Of a deployed Worker only the names are known. */

import { listSecrets } from "../cloudflare/worker-secrets.ts";
import { wranglerCommand } from "../cloudflare/wrangler-command.ts";
import { WORKERS, type WorkerName } from "../project/project.ts";
import { missingSecrets } from "../provision/secret-plan.ts";
import { type Check, WRANGLER_TIMEOUT_MS } from "./check.ts";
import type { Place } from "./context.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** The secrets of each Worker. */
export const secretChecks = (place: Place): Check[] =>
  WORKERS.map((worker) => {
    const name = `secrets of the ${worker}`;
    return {
      name,
      timeoutMs: WRANGLER_TIMEOUT_MS,
      run: async (signal) => judge(place, worker, name, await readNames(place, worker, signal)),
    };
  });

/** @returns null where there is no such Worker */
async function readNames(place: Place, worker: WorkerName, signal: AbortSignal) {
  const { environment, wrangler } = place;
  if (environment === "development")
    return Object.keys(place.values(worker)).filter((name) => place.values(worker)[name] !== "");
  place.account();
  const file = place.file(worker);
  const names = await listSecrets(wrangler, file, environment, signal);
  // A name that is no secret may be a variable as well.
  return names && [...names, ...Object.keys(file.vars).filter((name) => file.vars[name] !== "")];
}

function judge(place: Place, worker: WorkerName, name: string, names: readonly string[] | null): Finding[] {
  const { environment } = place;
  const file = place.file(worker);
  const provision =
    environment === "development"
      ? "npm start makes .dev.vars where there is none; else add them there"
      : `gateway provision --env ${environment}`;
  if (names === null) return [fail(name, `there is no Worker ${file.script}`, provision)];
  const missing = missingSecrets(file, names);
  return [
    missing.length > 0
      ? fail(name, `missing: ${missing.join(", ")}`, provision)
      : ok(name, `all that are required are set: ${file.secrets.join(", ")}`),
    ...(worker === "consumer" ? judgeGitHub(name, names, putCommand(place)) : []),
  ];
}

/** Without them the gateway works, and tells GitHub nothing. */
function judgeGitHub(name: string, names: readonly string[], put: (secret: string) => string): Finding[] {
  const [token, id, key] = ["GITHUB_TOKEN", "GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY"].map((one) =>
    names.includes(one),
  );
  if (id !== key) {
    const missing = id ? "GITHUB_APP_PRIVATE_KEY" : "GITHUB_APP_ID";
    const half = id ? "GITHUB_APP_ID" : "GITHUB_APP_PRIVATE_KEY";
    return [fail(name, `${half} is set without ${missing}`, put(missing))];
  }
  if (token || id) return [];
  return [warn(name, "no credentials for GitHub: nothing is reported there", put("GITHUB_TOKEN"))];
}

const putCommand =
  ({ environment, file }: Place) =>
  (secret: string): string =>
    environment === "development"
      ? `add ${secret} to .dev.vars`
      : wranglerCommand(`secret put ${secret} -c ${file("consumer").file} --env ${environment}`);
