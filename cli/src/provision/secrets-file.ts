/** The file that keeps secrets which were made: nothing else does, for Cloudflare gives none back. */
import { lstatSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { EXIT, GatewayError } from "../exit.ts";
import { parseSettings } from "../input/settings-file.ts";
import { errorCode, readTextFile } from "../input/text-file.ts";
import type { EnvironmentName, Settings } from "../project/project.ts";
import { whyGitMightTake } from "./git-ignore.ts";

export interface SecretsFile {
  /** As the person named it. */
  readonly name: string;
  readonly path: string;
  /** Of an interrupted run before this one; null where there is no such file yet. */
  readonly values: Settings | null;
}

const header = (environment: EnvironmentName): string => `# gateway provision --env ${environment}`;

/**
 * Looks at the file that a person named. One that this command made for the same environment is read again, so that an
 * interrupted run goes on with the same values; no other file is touched.
 * @param from where the person stands
 * @throws GatewayError
 */
export function openSecretsFile(from: string, name: string, environment: EnvironmentName): SecretsFile {
  if (name === "") throw new GatewayError("--secrets-file has no name", EXIT.usage);
  const file = path.resolve(from, name);
  if (!isFolder(path.dirname(file))) {
    throw new GatewayError(`--secrets-file: there is no folder ${path.dirname(name)}`, EXIT.usage);
  }
  const why = whyGitMightTake(file);
  if (why !== undefined) {
    throw new GatewayError(`${name} ${why}: name a file elsewhere, as ../${path.basename(name)}`, EXIT.usage);
  }
  const there = lstatSync(file, { throwIfNoEntry: false });
  if (there === undefined) return { name, path: file, values: null };
  if (there.isDirectory()) throw new GatewayError(`${name} is a folder`, EXIT.usage);
  const text = there.isFile() ? (readTextFile(file, name) ?? "") : "";
  if (text.split(/\r?\n/)[0] !== header(environment)) {
    throw new GatewayError(`${name} is there already and is not overwritten: name another file`, EXIT.usage);
  }
  // What others could read is no secret any more. Windows has no such bits.
  if (process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0) {
    throw new GatewayError(`${name} can be read by others: its secrets are not used. Remove it`, EXIT.usage);
  }
  return { name, path: file, values: parseSettings(text, name) };
}

/** Writes the file, which must not be there, for nobody but its owner to read. @throws GatewayError */
export function writeSecretsFile(file: SecretsFile, environment: EnvironmentName, values: Settings): void {
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`);
  try {
    const text = `${header(environment)}\n${lines.join("")}`;
    writeFileSync(file.path, text, { mode: 0o600, flag: "wx" });
  } catch (thrown) {
    throw new GatewayError(`${file.name} cannot be written (${errorCode(thrown)})`);
  }
}

function isFolder(place: string): boolean {
  try {
    return statSync(place).isDirectory();
  } catch {
    return false;
  }
}
