/** Text files that a person names, or has written. */
import { readFileSync } from "node:fs";
import { EXIT, GatewayError } from "../exit.ts";

/**
 * Reads a file as UTF-8, without a byte order mark: editors put one there, and nobody means it.
 * @param name the file's, as the person knows it: errors begin with it
 * @returns undefined where there is no such file
 * @throws GatewayError naming the file, and nothing that it holds
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

/** What the system calls it: `EACCES`. */
export const errorCode = (thrown: unknown): string =>
  thrown instanceof Error && "code" in thrown ? String(thrown.code) : "it is not said why";
