/** Are the files and what is set for them as the Workers want it? Keys are named, values never. */
import { ConfigError } from "@webhook-gateway/shared/config/common.ts";
import { CredentialsError, readPrivateKey } from "@webhook-gateway/shared/github/private-key.ts";
import { checkAccount } from "../cloudflare/account.ts";
import { GatewayError } from "../exit.ts";
import { isPlaceholder } from "../project/database-id.ts";
import { configFile, type Settings, WORKERS, type WorkerName } from "../project/project.ts";
import { SECRETS } from "../project/secret-names.ts";
import { checkWorkerConfig } from "../project/worker-config.ts";
import { checkWorkerName } from "../project/worker-name.ts";
import { isExample } from "../provision/advice.ts";
import type { Check } from "./check.ts";
import type { Place } from "./context.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** Variables that both Workers have, and that mean the same to both. */
const SHARED = ["WEBHOOK_DEBUG_MODE", "VALIDATE_PUSH_BRANCHES", "REPOSITORY_ALLOW", "REPOSITORY_DENY"];

/** Each file against its Worker's schema, and both against each other. */
export const configurationChecks = (place: Place): Check[] => [
  ...WORKERS.map((worker) => {
    const name = configFile(worker);
    return { name, run: async () => [checkWorker(place, worker, name)] };
  }),
  { name: "both files", run: async () => checkTogether(place) },
  ...(place.settings.GITHUB_APP_PRIVATE_KEY === undefined ? [] : [privateKeyCheck(place)]),
];

function checkWorker(place: Place, worker: WorkerName, name: string): Finding {
  let values: Settings;
  try {
    values = place.values(worker);
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    return fail(name, thrown.message, `mend ${name}`);
  }
  try {
    checkWorkerConfig(worker, values);
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    return fail(name, thrown.message, `mend these in ${placesOf(thrown, place)} or ${name}`);
  }
  if (values.ENVIRONMENT !== place.environment) {
    return fail(name, `ENVIRONMENT is not ${place.environment}`, `set it in [env.${place.environment}.vars]`);
  }
  return ok(name, `all values can be used (${place.environment})`);
}

/** Where the bad values may come from. */
function placesOf({ keys }: ConfigError, { environment }: Place): string {
  if (environment === "development") return ".dev.vars, the environment";
  const areSecrets = keys.map((key) => SECRETS.includes(key));
  return [
    ...(areSecrets.includes(true) ? [".env, the environment"] : []),
    ...(areSecrets.includes(false) ? [`[env.${environment}.vars]`] : []),
  ].join(", ");
}

function checkTogether(place: Place): Finding[] {
  const name = "both files";
  let workers: ReturnType<Place["wanted"]>["workers"];
  try {
    workers = place.wanted().workers;
    if (place.environment !== "development") {
      checkAccount(place.settings);
      checkWorkerName(place.settings, workers.producer, place.environment);
    }
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    return [fail(name, thrown.message, "mend what is named")];
  }
  const { producer, consumer } = workers;
  const differing = SHARED.filter((key) => (producer.vars[key] ?? "") !== (consumer.vars[key] ?? ""));
  const findings = [
    ...(differing.length > 0
      ? [
          warn(
            name,
            `they differ in ${differing.join(", ")}`,
            `set the same in ${producer.file} and ${consumer.file}`,
          ),
        ]
      : []),
    ...(place.environment === "development" ? [] : checkDeployable(place)),
  ];
  return findings.length > 0 ? findings : [ok(name, "they agree")];
}

/** What the files come with has to be replaced once. */
function checkDeployable(place: Place): Finding[] {
  const { file, vars } = place.file("consumer");
  const hasPlaceholder = WORKERS.some((worker) => isPlaceholder(place.file(worker).databaseId));
  const examples = ["CLOUDFLARE_WORKER_URL", "GRAINCHAIN_API_URL"].filter((name) => isExample(vars[name]));
  return [
    ...(examples.length > 0
      ? [fail("both files", `${examples.join(" and ")} still name an example`, `set your own in ${file}`)]
      : []),
    ...(hasPlaceholder
      ? [
          fail(
            "both files",
            "database_id is a placeholder still",
            `gateway provision --env ${place.environment}`,
          ),
        ]
      : []),
  ];
}

const privateKeyCheck = ({ settings }: Place): Check => ({
  name: "private key",
  async run() {
    try {
      await readPrivateKey(settings.GITHUB_APP_PRIVATE_KEY ?? "");
      return [ok("private key", "GITHUB_APP_PRIVATE_KEY can be read")];
    } catch (thrown) {
      if (!(thrown instanceof CredentialsError)) throw thrown;
      return [
        fail(
          "private key",
          thrown.message,
          "make a new one in the App's settings, and paste all of its file",
        ),
      ];
    }
  },
});
