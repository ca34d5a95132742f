/** The file that keeps generated secrets: nothing else does, because Cloudflare never gives them back. */
import { lstatSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { EXIT, GatewayError } from "../exit.ts";
import { parseSettings } from "../input/settings-file.ts";
import { errorCode, readTextFile } from "../input/text-file.ts";
import type { EnvironmentName, Settings } from "../project/project.ts";
import { whyGitMightCommit } from "./git-ignore.ts";

export interface SecretsFile {
  /** As the person named it. */
  readonly name: string;
  readonly path: string;
  /** Of an earlier run that was interrupted; null if the file does not exist yet. */
  readonly values: Settings | null;
}

/** Values of secrets that a person has given. */
export interface SecretInputs {
  readonly settings: Settings;
  readonly file: SecretsFile | undefined;
}

export const givenSecret = (name: string, { settings, file }: SecretInputs): string | undefined =>
  settings[name] ?? file?.values?.[name];

const header = (environment: EnvironmentName): string => `# gateway provision --env ${environment}`;

/**
 * Opens the file that a person named. A file that this command wrote for the same environment is read, so that an
 * interrupted run continues with the same values. Any other file is left alone.
 * @param from the folder that the command was started in
 * @throws GatewayError
 */
export function openSecretsFile(from: string, name: string, environment: EnvironmentName): SecretsFile {
  if (name === "") throw new GatewayError("--secrets-file has no name", EXIT.usage);
  const file = path.resolve(from, name);
  if (!isFolder(path.dirname(file))) {
    throw new GatewayError(`--secrets-file: the folder ${path.dirname(name)} does not exist`, EXIT.usage);
  }
  const why = whyGitMightCommit(file);
  if (why !== undefined) {
    throw new GatewayError(
      `${name} ${why}: name a file elsewhere, such as ../${path.basename(name)}`,
      EXIT.usage,
    );
  }
  const existing = lstatSync(file, { throwIfNoEntry: false });
  if (existing === undefined) return { name, path: file, values: null };
  if (existing.isDirectory()) throw new GatewayError(`${name} is a folder`, EXIT.usage);
  const text = existing.isFile() ? (readTextFile(file, name) ?? "") : "";
  if (text.split(/\r?\n/)[0] !== header(environment)) {
    throw new GatewayError(`${name} already exists and is not overwritten: name another file`, EXIT.usage);
  }
  // What others can read is no longer secret. Windows does not have these bits.
  if (process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0) {
    throw new GatewayError(
      `${name} can be read by others, so its secrets are not used: remove it`,
      EXIT.usage,
    );
  }
  return { name, path: file, values: parseSettings(text, name) };
}

/** Writes the file, which must not exist, for its owner alone. @throws GatewayError */
export function writeSecretsFile(file: SecretsFile, environment: EnvironmentName, values: Settings): void {
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`);
  try {
    const text = `${header(environment)}\n${lines.join("")}`;
    writeFileSync(file.path, text, { mode: 0o600, flag: "wx" });
  } catch (thrown) {
    throw new GatewayError(`${file.name} cannot be written (${errorCode(thrown)})`);
  }
}

function isFolder(dir: string): boolean {
  try {
    return statSync(dir).isDirectory();
  } catch {
    return false;
  }
}
