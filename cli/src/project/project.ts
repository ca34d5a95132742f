/** What is deployed: two Workers, each with a configuration file of its own, in three environments. */
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { nonEmpty, readSettingsFile } from "../input/settings-file.ts";

export const ENVIRONMENTS = ["development", "staging", "production"] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

export const WORKERS = ["producer", "consumer"] as const;
export type WorkerName = (typeof WORKERS)[number];

/** The Worker's configuration file, in the project's folder. */
export const configFile = (worker: WorkerName): string => `wrangler.${worker}.toml`;

/** Settings by their names: those that are empty count as absent. */
export type Settings = Readonly<Record<string, string>>;

/** The folder with both configuration files. `GATEWAY_PROJECT`: another one than this checkout (for tests). */
export const projectDir = (environment: NodeJS.ProcessEnv): string => environment.GATEWAY_PROJECT || ROOT;

/** What a person has set for the tools: `.env`, overridden by the environment. @throws GatewayError */
export const readToolSettings = (dir: string, environment: NodeJS.ProcessEnv): Settings => ({
  ...readSettingsFile(dir, ".env"),
  ...nonEmpty(environment),
});
