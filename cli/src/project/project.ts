/** What is deployed: two Workers, each with its own configuration file, in three environments and further cells. */
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { nonEmpty, readSettingsFile } from "../input/settings-file.ts";

export const ENVIRONMENTS = ["development", "staging", "production"] as const;
/** One of them, or a cell. */
export type EnvironmentName = string;

/** A name that Cloudflare takes as a part of the names of Workers, queues and databases. */
export const CELL_NAME = /^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,30}$/;

export const WORKERS = ["producer", "consumer"] as const;
export type WorkerName = (typeof WORKERS)[number];

/** A value for each Worker. */
export const byWorker = <Value>(of: (worker: WorkerName) => Value): Record<WorkerName, Value> => ({
  producer: of("producer"),
  consumer: of("consumer"),
});

/** The Worker's configuration file, in the project's folder. */
export const configFile = (worker: WorkerName): string => `wrangler.${worker}.toml`;

/** Settings by name, without empty ones. */
export type Settings = Readonly<Record<string, string>>;

/** The folder with both configuration files: this checkout, unless `GATEWAY_PROJECT` names another one, for tests. */
export const projectDir = (environment: NodeJS.ProcessEnv): string => environment.GATEWAY_PROJECT || ROOT;

/** The file with what differs from `.env` in one environment, such as the credentials of its App. */
export const environmentFile = (name: EnvironmentName): string => `.env.${name}`;

/** Settings for the tools: `.env`, overridden by the file of an environment, and by the environment. @throws GatewayError */
export function readToolSettings(
  dir: string,
  environment: NodeJS.ProcessEnv,
  name: EnvironmentName,
): Settings {
  const settings: Settings = {
    ...readSettingsFile(dir, ".env"),
    ...readSettingsFile(dir, environmentFile(name)),
    ...nonEmpty(environment),
  };
  const { CLOUDFLARE_API_KEY } = settings;
  if (CLOUDFLARE_API_KEY === undefined || tokenAdvice(settings) === undefined) return settings;
  return { ...settings, CLOUDFLARE_API_TOKEN: CLOUDFLARE_API_KEY };
}

/**
 * CodegenApp's `.env` calls the token CLOUDFLARE_API_KEY. With an e-mail address beside it, that is Cloudflare's name for
 * a global key, which is not a token.
 * @returns what to do about it; undefined if there is nothing to do
 */
export function tokenAdvice(settings: Settings): string | undefined {
  const { CLOUDFLARE_API_TOKEN: token, CLOUDFLARE_API_KEY: key, CLOUDFLARE_EMAIL: email } = settings;
  if (key === undefined || email !== undefined || (token ?? key) !== key) return undefined;
  return "CLOUDFLARE_API_KEY is used as the API token: rename it to CLOUDFLARE_API_TOKEN, as Wrangler knows it";
}

/** Whether an address is one of the examples in the configuration files. */
export const isExample = (url: string | undefined): boolean =>
  /(^|\.)example\.(com|workers\.dev)$/.test(URL.parse(url ?? "")?.hostname ?? "");

/** The names of the variables that still have an example in them. */
export const exampleAddresses = (vars: Settings): string[] =>
  ["CLOUDFLARE_WORKER_URL", "GRAINCHAIN_API_URL"].filter((name) => isExample(vars[name]));
