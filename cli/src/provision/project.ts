/** What is deployed: two Workers, each with a configuration file of its own, in three environments. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";
import { ROOT } from "../../dev/settings.ts";

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

/** What a person has set for the tools: `.env`, overridden by the environment. */
export const readToolSettings = (dir: string, environment: NodeJS.ProcessEnv): Settings => ({
  ...readSettingsFile(dir, ".env"),
  ...nonEmpty(environment),
});

/** The values of a file such as `.env`; none where there is no such file. */
export function readSettingsFile(dir: string, name: string): Settings {
  const file = path.join(dir, name);
  return existsSync(file) ? nonEmpty(parseEnv(readFileSync(file, "utf8"))) : {};
}

/** Without what is empty. */
export const nonEmpty = (values: NodeJS.Dict<string>): Settings =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value ? [[name, value] as const] : [])),
  );
