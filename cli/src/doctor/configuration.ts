/** Are the files and the settings valid for the Workers? Keys are named, values never. */
import { ConfigError } from "@webhook-gateway/shared/config/common.ts";
import { CredentialsError, readPrivateKey } from "@webhook-gateway/shared/github/private-key.ts";
import { checkAccount } from "../cloudflare/account.ts";
import { isPlaceholder } from "../project/database-id.ts";
import { differingKeys } from "../project/environment-keys.ts";
import { SOURCE } from "../project/environments.ts";
import {
  configFile,
  ENVIRONMENTS,
  exampleAddresses,
  tokenAdvice,
  WORKERS,
  type WorkerName,
} from "../project/project.ts";
import { SECRETS } from "../project/secret-names.ts";
import { checkWorkerConfig } from "../project/worker-config.ts";
import { checkWorkerName } from "../project/worker-name.ts";
import type { Check } from "./check.ts";
import type { CheckContext } from "./context.ts";
import { collect, fail, named, ok, problemsOr, type Report, warn } from "./finding.ts";

/** Variables that both Workers have, with the same meaning. */
const SHARED = ["WEBHOOK_DEBUG_MODE", "VALIDATE_PUSH_BRANCHES", "REPOSITORY_ALLOW", "REPOSITORY_DENY"];

/** Each file against its Worker's schema, and both against each other. */
export const configurationChecks = (context: CheckContext): Check[] => [
  ...WORKERS.map((worker) => {
    const name = configFile(worker);
    return { name, fix: `fix ${name}`, run: async () => [checkWorker(context, worker)] };
  }),
  { name: "both files", fix: "fix what is named", run: async () => checkTogether(context) },
  ...(context.settings.GITHUB_APP_PRIVATE_KEY === undefined ? [] : [privateKeyCheck(context)]),
];

function checkWorker(context: CheckContext, worker: WorkerName): Report {
  const { environment } = context;
  const values = context.values(worker);
  try {
    checkWorkerConfig(worker, values);
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    return fail(thrown.message, `fix these in ${locationsOf(thrown, context)}${SOURCE}`);
  }
  // A cell is run as production is.
  const expected = ENVIRONMENTS.find((name) => name === environment) ?? "production";
  if (expected === "production" && values.PROJECT_STATUS_PUBLIC === "true") {
    const open = "PROJECT_STATUS_PUBLIC shows the status of every repository to anybody";
    return warn(open, `set it to "false" in ${SOURCE}`);
  }
  return values.ENVIRONMENT === expected
    ? ok(`all values are valid (${environment})`)
    : fail(`ENVIRONMENT is not ${expected}`, `set it in ${SOURCE}`);
}

/** Where the bad values may be set, but for the source. */
function locationsOf({ keys }: ConfigError, { isLocal }: CheckContext): string {
  if (isLocal) return ".dev.vars, the environment or ";
  return keys.some((key) => SECRETS.includes(key)) ? ".env, the environment or " : "";
}

function checkTogether(context: CheckContext): Report[] {
  const { producer, consumer } = context.desired().workers;
  const edited = differingKeys(context.dir);
  if (!context.isLocal) {
    checkAccount(context.settings);
    checkWorkerName(context.settings, producer, context.environment);
  }
  const differing = SHARED.filter((key) => (producer.vars[key] ?? "") !== (consumer.vars[key] ?? ""));
  const problems = problemsOr(
    ok("they agree"),
    differing.length > 0 && warn(`they differ in ${differing.join(", ")}`, `set the same in ${SOURCE}`),
    edited.length > 0 &&
      warn(
        `${edited[0]} differs from ${SOURCE} (1 of ${edited.length})`,
        `move what is right to ${SOURCE}, then npm run environments`,
      ),
    !context.isLocal && checkDeployable(context),
  );
  return context.isLocal ? problems : [...problems, ...checkTokenName(context)];
}

function checkTokenName({ settings }: CheckContext): Report[] {
  const advice = tokenAdvice(settings);
  return advice === undefined ? [] : [named("Cloudflare token", warn(advice, "rename it in .env"))];
}

/** What the files come with has to be replaced once. */
function checkDeployable(context: CheckContext): Report[] {
  const examples = exampleAddresses(context.file("consumer").vars);
  return collect(
    examples.length > 0 && fail(`still an example: ${examples.join(", ")}`, `set your own in ${SOURCE}`),
    WORKERS.some((worker) => isPlaceholder(context.file(worker).databaseId)) &&
      fail("database_id is still a placeholder", context.provisionCommand),
  );
}

const privateKeyCheck = ({ settings }: CheckContext): Check => ({
  name: "private key",
  async run() {
    try {
      await readPrivateKey(settings.GITHUB_APP_PRIVATE_KEY ?? "");
      return [ok("GITHUB_APP_PRIVATE_KEY is valid")];
    } catch (thrown) {
      if (!(thrown instanceof CredentialsError)) throw thrown;
      const fix = "generate a new one in the App's settings, and paste the whole file";
      return [fail(thrown.message, fix)];
    }
  },
});
