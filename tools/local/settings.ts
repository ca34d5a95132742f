/** Settings of the local gateway: `.dev.vars`, overridden by the environment. */
import { randomBytes } from "node:crypto";
import { existsSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { EXIT, GatewayError } from "../../cli/src/exit.ts";
import { nonEmpty, readSettingsFile } from "../../cli/src/input/settings-file.ts";
import { errorCode } from "../../cli/src/input/text-file.ts";

/** The project's root. */
export const ROOT = path.resolve(import.meta.dirname, "../..");

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
export class StartError extends GatewayError {
  override readonly name = "StartError";
}

/**
 * Reads the settings, making `.dev.vars` with random secrets where there is none.
 * @param dir where `.dev.vars` is
 * @throws GatewayError naming the variable, the file or the line that cannot be used
 */
export function readLocalSettings(environment: NodeJS.ProcessEnv, dir = ROOT): LocalSettings {
  const port = readPort("PORT", environment.PORT, 8787);
  const grainchainPort = readPort("GRAINCHAIN_PORT", environment.GRAINCHAIN_PORT, 8080);
  const given = nonEmpty(environment);
  const externalGrainchain = given.GRAINCHAIN_API_URL !== undefined;
  if (port === grainchainPort && !externalGrainchain)
    throw new StartError(`PORT and GRAINCHAIN_PORT are both ${port}: set one of them to another one`);
  return {
    port,
    grainchainPort,
    stateDir: requireFolder("GATEWAY_STATE", readStateDir(environment)),
    externalGrainchain,
    variables: {
      CLOUDFLARE_WORKER_URL: `http://localhost:${port}`,
      GRAINCHAIN_API_URL: `http://127.0.0.1:${grainchainPort}`,
      ...readDevVars(dir),
      ...given,
      // The local gateway is the development environment, whatever a shell may have set.
      ENVIRONMENT: "development",
    },
  };
}

/** Where D1 lives. */
export const readStateDir = (environment: NodeJS.ProcessEnv): string =>
  path.resolve(ROOT, environment.GATEWAY_STATE || ".wrangler/state");

function readDevVars(dir: string): Record<string, string> {
  const file = path.join(dir, ".dev.vars");
  if (!existsSync(file)) writeDevVars(file);
  return readSettingsFile(dir, ".dev.vars");
}

function writeDevVars(file: string): void {
  const lines = SECRETS.map((name) => `${name}=${randomBytes(32).toString("base64url")}\n`);
  const text = `# Made by npm start: secrets of this machine's gateway.\n${lines.join("")}`;
  try {
    writeFileSync(file, text, { mode: 0o600 });
  } catch (thrown) {
    throw new StartError(`.dev.vars cannot be written (${errorCode(thrown)})`);
  }
}

function requireFolder(name: string, dir: string): string {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() === false)
    throw new StartError(`${name} is not a folder`);
  return dir;
}

/** @throws GatewayError naming the variable */
export function readPort(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined || text === "") return fallback;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new GatewayError(`${name} is not a port: it must be a number from 1 to 65535`, EXIT.usage);
}
