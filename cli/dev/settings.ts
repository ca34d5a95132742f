/** Settings of the local gateway: `.dev.vars`, overridden by the environment. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";

/** The project's root. */
export const ROOT = path.resolve(import.meta.dirname, "../..");
const DEV_VARS = path.join(ROOT, ".dev.vars");

/** Secrets that a local gateway cannot be without, made at random where there are none. */
const SECRETS = ["GITHUB_WEBHOOK_SECRET", "GRAINCHAIN_CALLBACK_SECRET", "OPERATOR_TOKEN", "READER_TOKEN"];

/** What the local gateway needs to know before it starts. */
export interface LocalSettings {
  readonly port: number;
  readonly grainchainPort: number;
  /** Where D1 lives. */
  readonly stateDir: string;
  /** True where another Grainchain is named, and the embedded one is not started. */
  readonly externalGrainchain: boolean;
  /** Variables and secrets by name, as the Workers get them. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Expected trouble, told in one line. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/**
 * Reads the settings, making `.dev.vars` with random secrets where there is none.
 * @throws StartError for a port that is none
 */
export function readLocalSettings(environment: NodeJS.ProcessEnv): LocalSettings {
  const port = readPort("PORT", environment.PORT, 8787);
  const grainchainPort = readPort("GRAINCHAIN_PORT", environment.GRAINCHAIN_PORT, 8080);
  const given = nonEmpty(environment);
  return {
    port,
    grainchainPort,
    stateDir: readStateDir(environment),
    externalGrainchain: given.GRAINCHAIN_API_URL !== undefined,
    variables: {
      CLOUDFLARE_WORKER_URL: `http://localhost:${port}`,
      GRAINCHAIN_API_URL: `http://127.0.0.1:${grainchainPort}`,
      ...readDevVars(),
      ...given,
      // The local gateway is the development environment, whatever a shell may have set.
      ENVIRONMENT: "development",
    },
  };
}

/** Where D1 lives. */
export const readStateDir = (environment: NodeJS.ProcessEnv): string =>
  path.resolve(ROOT, environment.GATEWAY_STATE || ".wrangler/state");

/** The values of `.dev.vars`; none where there is no such file. */
export function readDevVarsFile(): Record<string, string> {
  return existsSync(DEV_VARS) ? nonEmpty(parseEnv(readFileSync(DEV_VARS, "utf8"))) : {};
}

function readDevVars(): Record<string, string> {
  if (!existsSync(DEV_VARS)) {
    const lines = SECRETS.map((name) => `${name}=${randomBytes(32).toString("base64url")}`);
    writeFileSync(
      DEV_VARS,
      `# Made by npm start: secrets of this machine's gateway.\n${lines.join("\n")}\n`,
      {
        mode: 0o600,
      },
    );
  }
  return readDevVarsFile();
}

function readPort(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined || text === "") return fallback;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new StartError(`${name} is not a port: it must be a number from 1 to 65535`);
}

const nonEmpty = (values: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value ? [[name, value] as const] : [])),
  );
