/**
 * Files of settings, `NAME=value` a line: `.env`, `.dev.vars`, and files that keep secrets. The format is that of Node's
 * `parseEnv`, which skips lines that it does not understand: a secret in such a line would just be missing.
 */
import path from "node:path";
import { EXIT, GatewayError } from "../exit.ts";
import { readTextFile } from "./text-file.ts";

/**
 * The settings in a file, without empty ones; none if the file does not exist.
 * @throws GatewayError naming the file and the line, and nothing in them
 */
export const readSettingsFile = (dir: string, name: string): Record<string, string> =>
  parseSettings(readTextFile(path.join(dir, name), name) ?? "", name);

/** @param name the file's @throws GatewayError naming the line that is invalid */
export function parseSettings(text: string, name: string): Record<string, string> {
  const lines = text.split(/\r\n?|\n/);
  const settings: Record<string, string> = {};
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, key, given = ""] = /^\s*(?:export\s+)?([\w.-]+)\s*=\s*(.*)$/s.exec(line) ?? [];
    if (key === undefined) throw new GatewayError(`${name}: line ${at + 1} is not NAME=value`, EXIT.usage);
    const [quote] = /^["'`]/.exec(given) ?? [];
    if (quote === undefined) settings[key] = given.replace(/#.*/s, "").trim();
    else {
      const quoted = readQuoted(lines, at, quote, given.slice(1), name);
      settings[key] = quoted.value;
      at = quoted.at;
    }
  }
  return nonEmpty(settings);
}

/** @returns the value, and the index of its last line */
function readQuoted(lines: readonly string[], from: number, quote: string, begun: string, name: string) {
  let at = from;
  let last = begun;
  const whole: string[] = [];
  while (!last.includes(quote)) {
    whole.push(last);
    at += 1;
    const next = lines[at];
    if (next === undefined)
      throw new GatewayError(`${name}: the quote in line ${from + 1} is not closed`, EXIT.usage);
    last = next;
  }
  const end = last.indexOf(quote);
  if (!/^\s*(?:#|$)/.test(last.slice(end + 1)))
    throw new GatewayError(`${name}: line ${at + 1} has text after its quote`, EXIT.usage);
  const value = [...whole, last.slice(0, end)].join("\n");
  return { at, value: quote === '"' ? value.replaceAll(String.raw`\n`, "\n") : value };
}

export const nonEmpty = (values: NodeJS.Dict<string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value ? [[name, value] as const] : [])),
  );
