/** Settings of the local gateway: `.dev.vars`, overridden by the environment. */
import { chmodSync, existsSync, statSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { GatewayError } from "../../cli/src/exit.ts";
import { nonEmpty, readSettingsFile } from "../../cli/src/input/settings-file.ts";
import { writeSettings } from "../../cli/src/input/settings-writer.ts";
import { errorCode } from "../../cli/src/input/text-file.ts";
import { DEV_VARS, DEV_VARS_HEADER, newDevVars } from "../../cli/src/project/dev-vars.ts";
import {
  type LocalPorts,
  localAddresses,
  readPorts,
  readStateDir,
} from "../../cli/src/project/local-gateway.ts";
import { makeSecret } from "../../cli/src/project/secret-names.ts";

/** The permissions of a file's group and of all others. */
const OTHERS = 0o077;

/** What the local gateway needs to know before it starts. */
export interface LocalSettings extends LocalPorts {
  /** The folder with the local D1. */
  readonly stateDir: string;
  /** Another Grainchain is named, so the embedded one is not started. */
  readonly externalGrainchain: boolean;
  /** Variables and secrets by name, as the Workers get them. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Reads the settings, and creates `.dev.vars` with random secrets if it is missing.
 * @param dir where `.dev.vars` is
 * @throws GatewayError naming the variable, the file or the line that is invalid
 */
export function readLocalSettings(environment: NodeJS.ProcessEnv, dir = ROOT): LocalSettings {
  const ports = readPorts(environment);
  const { port, grainchainPort } = ports;
  const given = nonEmpty(environment);
  const externalGrainchain = given.GRAINCHAIN_API_URL !== undefined;
  if (port === grainchainPort && !externalGrainchain)
    throw new GatewayError(`PORT and GRAINCHAIN_PORT are both ${port}: set one of them to another one`);
  return {
    ...ports,
    stateDir: requireFolder("GATEWAY_STATE", readStateDir(environment)),
    externalGrainchain,
    variables: {
      ENVIRONMENT: "development",
      ...localAddresses(ports),
      // Anyone with the key of the embedded Grainchain can run commands as this user.
      ...(!externalGrainchain && { GRAINCHAIN_API_KEY: makeSecret() }),
      ...readDevVars(dir),
      ...given,
    },
  };
}

function readDevVars(dir: string): Record<string, string> {
  const file = path.join(dir, DEV_VARS);
  if (existsSync(file)) keepPrivate(file);
  else writeSettings(dir, DEV_VARS, newDevVars(), DEV_VARS_HEADER);
  return readSettingsFile(dir, DEV_VARS);
}

/** Takes a file with secrets away from other users of the machine. */
function keepPrivate(file: string): void {
  const { mode } = statSync(file);
  if ((mode & OTHERS) === 0) return;
  try {
    chmodSync(file, mode & ~OTHERS);
  } catch (thrown) {
    throw new GatewayError(
      `.dev.vars can be read by other users, and its mode cannot be changed (${errorCode(thrown)})`,
    );
  }
}

function requireFolder(name: string, dir: string): string {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() === false)
    throw new GatewayError(`${name} is not a folder`);
  return dir;
}
