/** The database's id in a configuration file, which is the one thing that only Cloudflare knows. */
import { GatewayError } from "../exit.ts";

/** What the files hold before there is a database. */
export const isPlaceholder = (id: string): boolean => id === "" || id.startsWith("00000000-");

/**
 * Puts an id in the place of another. All else stays as it is, byte for byte: a parser would lose the comments.
 * @throws GatewayError where the environment's table does not name the old id
 */
export function replaceDatabaseId(toml: string, environment: string, from: string, to: string): string {
  let inTable = false;
  let replaced = false;
  const lines = toml.split("\n").map((line) => {
    const [, table] = /^\s*\[+\s*([^\]]+?)\s*\]+/.exec(line) ?? [];
    if (table !== undefined) inTable = table.replaceAll(/[\s"']/g, "") === `env.${environment}.d1_databases`;
    if (!inTable || replaced) return line;
    const [, before, quote, id] = /^(\s*database_id\s*=\s*)(["'])([^"']*)\2/.exec(line) ?? [];
    if (before === undefined || quote === undefined || id !== from) return line;
    replaced = true;
    return `${before}${quote}${to}${quote}${line.slice(before.length + quote.length * 2 + id.length)}`;
  });
  if (replaced) return lines.join("\n");
  throw new GatewayError(`no database_id "${from}" stands in [[env.${environment}.d1_databases]]`);
}
