/** Writes settings into a file that keeps secrets. */
import { chmodSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { GatewayError } from "../exit.ts";
import { parseSettings } from "./settings-file.ts";
import { errorCode, readTextFile } from "./text-file.ts";

/**
 * Sets values in a file, for its owner alone; the other lines stay. A run that is interrupted leaves the old file.
 * @param values without quotes in them; line breaks are escaped
 * @param header the first line of a new file
 * @throws GatewayError naming the file
 */
export function writeSettings(dir: string, name: string, values: NodeJS.Dict<string>, header: string): void {
  const file = path.join(dir, name);
  const text = readTextFile(file, name);
  // A line that cannot be read would be a secret that is lost.
  parseSettings(text ?? "", name);
  const kept = (text ?? `# ${header}\n`).split("\n").filter((line) => !isAssigned(line, values));
  const lines = Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${quoted(value)}`],
  );
  const unfinished = `${file}.${process.pid}.new`;
  try {
    writeFileSync(unfinished, `${kept.join("\n").trimEnd()}\n${lines.join("\n")}\n`, { mode: 0o600 });
    chmodSync(unfinished, 0o600);
    renameSync(unfinished, file);
  } catch (thrown) {
    throw new GatewayError(`${name} cannot be written (${errorCode(thrown)})`);
  }
}

const isAssigned = (line: string, values: NodeJS.Dict<string>): boolean => {
  const [, key] = /^\s*(?:export\s+)?([\w.-]+)\s*=/.exec(line) ?? [];
  return key !== undefined && Object.hasOwn(values, key);
};

/** In double quotes, `\n` is a line break. */
const quoted = (value: string): string =>
  /^[\w.:/+=-]+$/.test(value) ? value : `"${value.replaceAll("\r", "").replaceAll("\n", String.raw`\n`)}"`;
