/** The environment that is checked: its files, its settings, and its address. */
import { ConfigError } from "@webhook-gateway/shared/config/common.ts";
import { type ConsumerConfig, readConsumerConfig } from "@webhook-gateway/shared/config/consumer.ts";
import { type Account, readAccount } from "../cloudflare/account.ts";
import { openWrangler, type Wrangler, type WranglerProgram } from "../cloudflare/wrangler.ts";
import { GatewayError } from "../exit.ts";
import { nonEmpty, readSettingsFile } from "../input/settings-file.ts";
import { type DesiredState, desiredState } from "../project/desired-state.ts";
import { DEV_VARS } from "../project/dev-vars.ts";
import { localAddresses, readPorts, readStateDir } from "../project/local-gateway.ts";
import {
  type EnvironmentName,
  isExample,
  projectDir,
  readToolSettings,
  type Settings,
  type WorkerName,
} from "../project/project.ts";
import { SECRETS, unknownSecret } from "../project/secret-names.ts";
import { readWorkerFile, type WorkerFile } from "../project/worker-file.ts";
import { Unchecked } from "./check.ts";

export interface CheckContext {
  /** The project's folder. */
  readonly dir: string;
  readonly environment: EnvironmentName;
  /** It runs on this machine, started by `npm start`. */
  readonly isLocal: boolean;
  /** What creates what is missing in the account. */
  readonly provisionCommand: string;
  /** Where a local gateway keeps its database. */
  readonly stateDir: string;
  /** The gateway's address without a slash at its end; undefined if it is not known. */
  readonly url: string | undefined;
  /** Credentials by name. */
  readonly settings: Settings;
  readonly wrangler: Wrangler;
  /** @throws GatewayError if the file cannot be read */
  file(worker: WorkerName): WorkerFile;
  /** @throws GatewayError if a file cannot be read */
  desired(): DesiredState;
  /** What the Worker is started with, as far as it is known here. @throws GatewayError */
  values(worker: WorkerName): Settings;
  /** @throws Unchecked if the configuration is invalid */
  consumerConfig(): ConsumerConfig;
  /** @throws GatewayError if no valid account is named */
  account(): Account;
}

/** @param givenUrl the gateway's address, if a person has given it @throws GatewayError if settings cannot be read */
export async function openContext(
  environment: EnvironmentName,
  givenUrl: string | undefined,
  env: NodeJS.ProcessEnv,
  program: WranglerProgram,
): Promise<CheckContext> {
  const dir = projectDir(env);
  const isLocal = environment === "development";
  const tools = readToolSettings(dir, env, environment);
  const local = isLocal ? readSettingsFile(dir, DEV_VARS) : {};
  // As in `npm start`, the environment wins over .dev.vars. .env is for the tools.
  const settings = { ...tools, ...local, ...nonEmpty(env) };
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
  const values = (worker: WorkerName): Settings =>
    addresses === undefined
      ? deployedValues(file(worker), settings)
      : { ...file(worker).vars, ...addresses, ...local, ...nonEmpty(env), ENVIRONMENT: "development" };
  return {
    dir,
    environment,
    isLocal,
    provisionCommand: `gateway provision --env ${environment}`,
    stateDir: readStateDir(env),
    url: givenUrl ?? addresses?.CLOUDFLARE_WORKER_URL ?? deployedUrl(files.consumer),
    settings,
    wrangler: openWrangler(dir, isLocal ? undefined : accountIfAny(tools), program),
    file,
    desired: () => desiredState(environment, file("producer"), file("consumer")),
    values,
    consumerConfig() {
      try {
        return readConsumerConfig(values("consumer"));
      } catch (thrown) {
        if (thrown instanceof ConfigError || thrown instanceof GatewayError)
          throw new Unchecked(thrown.message);
        throw thrown;
      }
    },
    account() {
      const { CLOUDFLARE_API_TOKEN, CLOUDFLARE_ACCOUNT_ID } = tools;
      if (CLOUDFLARE_API_TOKEN !== undefined && CLOUDFLARE_ACCOUNT_ID !== undefined)
        return readAccount(tools);
      throw new Unchecked(
        "CLOUDFLARE_API_TOKEN or CLOUDFLARE_ACCOUNT_ID is not set",
        "add both to .env (see .env.example)",
      );
    },
  };
}

const deployedValues = (file: WorkerFile, settings: Settings): Settings => ({
  ...Object.fromEntries(file.secrets.map((name) => [name, unknownSecret(name)])),
  ...file.vars,
  ...Object.fromEntries(SECRETS.flatMap((name) => (settings[name] ? [[name, settings[name]]] : []))),
});

function deployedUrl(consumer: WorkerFile | GatewayError): string | undefined {
  const url = consumer instanceof GatewayError ? undefined : consumer.vars.CLOUDFLARE_WORKER_URL;
  return isExample(url) ? undefined : url?.replace(/\/+$/, "");
}

/** A check that needs the account calls `account` first, which says why there is none. */
function accountIfAny(settings: Settings): Account | undefined {
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
