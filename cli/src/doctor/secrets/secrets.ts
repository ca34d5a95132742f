/** Are the secrets set, and can they be guessed? Only the names are known of a deployed Worker's. */
import { listSecrets } from "../../cloudflare/worker-secrets.ts";
import { putSecretCommand } from "../../cloudflare/wrangler-command.ts";
import { WORKERS, type WorkerName } from "../../project/project.ts";
import { RANDOM_SECRETS } from "../../project/secret-names.ts";
import { missingSecrets } from "../../provision/secret-plan.ts";
import { type Check, WRANGLER_TIMEOUT_MS } from "../check.ts";
import type { CheckContext } from "../context.ts";
import { collect, fail, ok, type Report, warn } from "../finding.ts";
import { secretsByLabel } from "./scopes.ts";

export const secretChecks = (context: CheckContext): Check[] => [
  ...WORKERS.map((worker) => ({
    name: `secrets of the ${worker}`,
    timeoutMs: WRANGLER_TIMEOUT_MS,
    run: async (signal: AbortSignal) => judge(context, worker, await readNames(context, worker, signal)),
  })),
  { name: "strength of secrets", run: async () => judgeValues(context) },
];

/** @returns null if the Worker does not exist */
async function readNames(context: CheckContext, worker: WorkerName, signal: AbortSignal) {
  if (context.isLocal) return namesOf(context.values(worker));
  context.account();
  const file = context.file(worker);
  const names = await listSecrets(context.wrangler, file, context.environment, signal);
  // A name that need not be secret may be a variable as well.
  return names && [...names, ...namesOf(file.vars)];
}

const namesOf = (values: Readonly<Record<string, string>>): string[] =>
  Object.keys(values).filter((name) => values[name] !== "");

function judge(context: CheckContext, worker: WorkerName, names: readonly string[] | null): Report[] {
  const file = context.file(worker);
  const fix = context.isLocal
    ? "npm start creates .dev.vars if it is missing; otherwise add them there"
    : context.provisionCommand;
  if (names === null) return [fail(`Worker ${file.script} does not exist`, fix)];
  const missing = missingSecrets(file, names);
  return collect(
    missing.length > 0
      ? fail(`missing: ${missing.join(", ")}`, fix)
      : ok(`all required ones are set: ${file.secrets.join(", ")}`),
    worker === "consumer" && judgeGitHub(context, names),
  );
}

/** Without them the gateway works, but reports nothing to GitHub. */
function judgeGitHub(context: CheckContext, names: readonly string[]): Report | false {
  const put = (secret: string): string =>
    context.isLocal
      ? `add ${secret} to .dev.vars`
      : putSecretCommand(secret, "consumer", context.environment);
  const id = names.includes("GITHUB_APP_ID");
  if (id !== names.includes("GITHUB_APP_PRIVATE_KEY")) {
    const [present, missing] = id
      ? ["GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY"]
      : ["GITHUB_APP_PRIVATE_KEY", "GITHUB_APP_ID"];
    return fail(`${present} is set without ${missing}`, put(missing));
  }
  if (id || names.includes("GITHUB_TOKEN")) return false;
  return warn("no credentials for GitHub: nothing is reported there", put("GITHUB_TOKEN"));
}

/** What 32 random hexadecimal digits have, less what chance takes from them. */
const MIN_BITS = 100;

/** Of what is known here: the environment, .env, and .dev.vars. */
function judgeValues({ isLocal, settings }: Pick<CheckContext, "isLocal" | "settings">): Report[] {
  const byLabel = secretsByLabel(settings);
  const known = [
    ...RANDOM_SECRETS.map((name) => ({ name, secret: settings[name] ?? "" })),
    ...byLabel.map(({ label, secret }) => ({ name: `GITHUB_WEBHOOK_SECRETS: ${label}`, secret })),
  ];
  // Those of a development machine protect nothing.
  const weak = isLocal ? [] : known.filter(({ secret }) => secret !== "" && bitsOf(secret) < MIN_BITS);
  return collect(
    weak.length > 0 &&
      warn(
        `can be guessed: ${weak.map(({ name }) => name).join(", ")}`,
        "replace them by random ones: openssl rand -hex 32",
      ),
  );
}

/** An estimate from above: Shannon's entropy of its characters. */
function bitsOf(secret: string): number {
  const counts = [...Map.groupBy(secret, (character) => character).values()].map(({ length }) => length);
  return counts.reduce((bits, count) => bits - count * Math.log2(count / secret.length), 0);
}
