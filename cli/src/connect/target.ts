/** What an App is made for: an environment, its addresses, and what is known of another App. */
import { readAccount } from "../cloudflare/account.ts";
import { listSecrets } from "../cloudflare/worker-secrets.ts";
import { openWrangler, type WranglerProgram } from "../cloudflare/wrangler.ts";
import { EXIT, GatewayError } from "../exit.ts";
import { nonEmpty, readSettingsFile } from "../input/settings-file.ts";
import { DEV_VARS } from "../project/dev-vars.ts";
import { SOURCE } from "../project/environments.ts";
import {
  type EnvironmentName,
  isExample,
  projectDir,
  readToolSettings,
  type Settings,
} from "../project/project.ts";
import { readWorkerFile, type WorkerFile } from "../project/worker-file.ts";
import { credentialsFile } from "./credentials.ts";

export interface Target {
  readonly dir: string;
  readonly environment: EnvironmentName;
  /** Variables and secrets by name, as far as they are known here. */
  readonly settings: Settings;
  /** Without a slash at its end. */
  readonly apiUrl: string;
  /** Where GitHub delivers to. */
  readonly hookUrl: string;
  readonly pushes: boolean;
  /** Where an App is known from; undefined if there is none yet. */
  readonly existing: string | undefined;
}

/** No name of this domain ever resolves: GitHub keeps what it could not deliver, and nobody else gets it. */
const NOWHERE = "https://webhook-gateway.invalid";

/** @param givenUrl the gateway's address, if a person has given it @throws GatewayError */
export async function openTarget(
  environment: EnvironmentName,
  givenUrl: string | undefined,
  program: WranglerProgram,
): Promise<Target> {
  const dir = projectDir(process.env);
  const isLocal = environment === "development";
  const consumer = await readWorkerFile(dir, "consumer", environment);
  const settings = isLocal
    ? { ...readSettingsFile(dir, DEV_VARS), ...nonEmpty(process.env) }
    : readToolSettings(dir, process.env, environment);
  const { GITHUB_API_URL, VALIDATE_PUSH_BRANCHES = "" } = { ...nonEmpty(consumer.vars), ...settings };
  return {
    dir,
    environment,
    settings,
    apiUrl: apiAddress(GITHUB_API_URL),
    hookUrl: `${isLocal ? localAddress(givenUrl) : deployedAddress(consumer, givenUrl)}/webhook/github`,
    pushes: VALIDATE_PUSH_BRANCHES.trim() !== "",
    existing:
      settings.GITHUB_APP_ID === undefined
        ? await existingAtCloudflare(dir, settings, consumer, environment, program)
        : `GITHUB_APP_ID is set in ${process.env.GITHUB_APP_ID ? "the environment" : credentialsFile(environment)}`,
  };
}

/** @throws GatewayError */
function apiAddress(url = "https://api.github.com"): string {
  if (/^https?:$/.test(URL.parse(url)?.protocol ?? "")) return url.replace(/\/+$/, "");
  throw new GatewayError("GITHUB_API_URL is not a URL", EXIT.usage);
}

/** A tunnel's address, if one is given: GitHub does not reach this machine otherwise. */
const localAddress = (given: string | undefined): string =>
  given === undefined || new URL(given).protocol !== "https:" ? NOWHERE : given;

function deployedAddress({ vars }: WorkerFile, given: string | undefined): string {
  const url = given ?? vars.CLOUDFLARE_WORKER_URL?.replace(/\/+$/, "");
  if (url === undefined || isExample(url))
    throw new GatewayError(
      `CLOUDFLARE_WORKER_URL in ${SOURCE} is still an example: put your producer's address there, or pass it as --url`,
      EXIT.usage,
    );
  if (new URL(url).protocol === "https:") return url;
  throw new GatewayError(
    `${url} is not an https address: GitHub delivers there over the internet`,
    EXIT.usage,
  );
}

/** Whether the consumer has an App already. Without an account, nobody is asked. */
async function existingAtCloudflare(
  dir: string,
  settings: Settings,
  consumer: WorkerFile,
  environment: EnvironmentName,
  program: WranglerProgram,
): Promise<string | undefined> {
  const { CLOUDFLARE_API_TOKEN, CLOUDFLARE_ACCOUNT_ID } = settings;
  if (environment === "development" || !CLOUDFLARE_API_TOKEN || !CLOUDFLARE_ACCOUNT_ID) return undefined;
  const wrangler = openWrangler(dir, readAccount(settings), program);
  const secrets = await listSecrets(wrangler, consumer, environment);
  return secrets?.includes("GITHUB_APP_ID") ? `the Worker ${consumer.script} has GITHUB_APP_ID` : undefined;
}
