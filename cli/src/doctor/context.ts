/** The environment that is looked at: its files, what is set for it, and where it is. */
import { ConfigError } from "@webhook-gateway/shared/config/common.ts";
import { type ConsumerConfig, readConsumerConfig } from "@webhook-gateway/shared/config/consumer.ts";
import { type Account, readAccount } from "../cloudflare/account.ts";
import { openWrangler, type Wrangler, type WranglerProgram } from "../cloudflare/wrangler.ts";
import { GatewayError } from "../exit.ts";
import { nonEmpty, readSettingsFile } from "../input/settings-file.ts";
import { readWorkerFile, type Wanted, type WorkerFile, wantedOf } from "../project/desired-state.ts";
import { localAddresses, readPorts, readStateDir } from "../project/local-gateway.ts";
import {
  type EnvironmentName,
  projectDir,
  readToolSettings,
  type Settings,
  type WorkerName,
} from "../project/project.ts";
import { SECRETS } from "../project/secret-names.ts";
import { isExample } from "../provision/advice.ts";
import { Unchecked } from "./check.ts";

export interface Place {
  readonly environment: EnvironmentName;
  readonly dir: string;
  /** Where a local gateway keeps its database. */
  readonly stateDir: string;
  /** The gateway, without a slash at its end; undefined where nobody knows where it is. */
  readonly url: string | undefined;
  /** Credentials, by their names. */
  readonly settings: Settings;
  readonly wrangler: Wrangler;
  /** @throws GatewayError where the file cannot be read */
  file(worker: WorkerName): WorkerFile;
  /** @throws GatewayError where a file cannot be read */
  wanted(): Wanted;
  /** What the Worker is started with, as far as it is known here. @throws GatewayError */
  values(worker: WorkerName): Settings;
  /** @throws GatewayError where the configuration is bad */
  consumerConfig(): ConsumerConfig;
  /** @throws GatewayError where no account is named, or not so that it can be used */
  account(): Account;
}

/** A secret that is at Cloudflare, where nobody can read it. */
const UNKNOWN_SECRET = "unknown";

/** @param url where a person says the gateway is @throws GatewayError for settings that cannot be read */
export async function openPlace(
  environment: EnvironmentName,
  url: string | undefined,
  env: NodeJS.ProcessEnv,
  program: WranglerProgram,
): Promise<Place> {
  const dir = projectDir(env);
  const isLocal = environment === "development";
  const tools = readToolSettings(dir, env);
  const local = isLocal ? readSettingsFile(dir, ".dev.vars") : {};
  // As `npm start` has it: the environment wins over .dev.vars. .env is for the tools.
  const settings = { ...readSettingsFile(dir, ".env"), ...local, ...nonEmpty(env) };
  const files = {
    producer: await attempt(readWorkerFile(dir, "producer", environment)),
    consumer: await attempt(readWorkerFile(dir, "consumer", environment)),
  };
  const file = (worker: WorkerName): WorkerFile => {
    const read = files[worker];
    if (read instanceof GatewayError) throw read;
    return read;
  };
  const addresses = isLocal ? localAddresses(readPorts(env)) : undefined;
  const place: Place = {
    environment,
    dir,
    stateDir: readStateDir(env),
    url: url ?? addresses?.CLOUDFLARE_WORKER_URL ?? deployedUrl(files.consumer),
    settings,
    wrangler: openWrangler(dir, isLocal ? undefined : maybeAccount(tools), program),
    file,
    wanted: () => wantedOf(environment, file("producer"), file("consumer")),
    values: (worker) =>
      addresses === undefined
        ? deployedValues(file(worker), settings)
        : {
            ...file(worker).vars,
            ...addresses,
            ...local,
            ...nonEmpty(env),
            ENVIRONMENT: "development",
          },
    consumerConfig() {
      try {
        return readConsumerConfig(place.values("consumer"));
      } catch (thrown) {
        if (thrown instanceof ConfigError) throw new GatewayError(thrown.message);
        throw thrown;
      }
    },
    account() {
      const { CLOUDFLARE_API_TOKEN, CLOUDFLARE_ACCOUNT_ID } = tools;
      if (CLOUDFLARE_API_TOKEN !== undefined && CLOUDFLARE_ACCOUNT_ID !== undefined)
        return readAccount(tools);
      throw new Unchecked(
        "CLOUDFLARE_API_TOKEN or CLOUDFLARE_ACCOUNT_ID is not set",
        "put both into .env, as .env.example shows",
      );
    },
  };
  return place;
}

const deployedValues = (file: WorkerFile, settings: Settings): Settings => ({
  ...Object.fromEntries(file.secrets.map((name) => [name, UNKNOWN_SECRET])),
  ...file.vars,
  ...Object.fromEntries(SECRETS.flatMap((name) => (settings[name] ? [[name, settings[name]]] : []))),
});

function deployedUrl(consumer: WorkerFile | GatewayError): string | undefined {
  const url = consumer instanceof GatewayError ? undefined : consumer.vars.CLOUDFLARE_WORKER_URL;
  return isExample(url) ? undefined : url?.replace(/\/+$/, "");
}

/** What needs one asks for `account` first, and hears why there is none. */
function maybeAccount(settings: Settings): Account | undefined {
  try {
    return readAccount(settings);
  } catch {
    return undefined;
  }
}

async function attempt<T>(work: Promise<T>): Promise<T | GatewayError> {
  try {
    return await work;
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown;
    throw thrown;
  }
}
