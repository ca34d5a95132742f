/** Text files of a person. */
import { readFileSync } from "node:fs";
import { EXIT, GatewayError } from "../exit.ts";

/** The folder that the person started the command in. A package manager changes to the project's. */
export const startFolder = (): string => process.env.INIT_CWD ?? process.cwd();

/**
 * Reads a file as UTF-8, without the byte order mark that some editors add.
 * @param name what errors call the file
 * @returns undefined if the file does not exist
 * @throws GatewayError naming the file, and nothing in it
 */
export function readTextFile(file: string, name: string): string | undefined {
  const bytes = readBytes(file, name);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new GatewayError(`${name} is not UTF-8`, EXIT.usage);
  }
}

function readBytes(file: string, name: string): Uint8Array | undefined {
  try {
    return readFileSync(file);
  } catch (thrown) {
    const code = errorCode(thrown);
    if (code === "ENOENT") return undefined;
    const problem = code === "EISDIR" ? "is a folder" : `cannot be read (${code})`;
    throw new GatewayError(`${name} ${problem}`, EXIT.usage);
  }
}

/** The code of a system error: `EACCES`. */
export const errorCode = (thrown: unknown): string =>
  thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown error";
