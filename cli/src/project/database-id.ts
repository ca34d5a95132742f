/** The id of an environment's database, in `environments.toml` and in both configuration files. */
import { GatewayError } from "../exit.ts";

/** Whether the id is the one in the files before a database is created. */
export const isPlaceholder = (id: string): boolean => id === "" || id.startsWith("00000000-");

/**
 * Replaces an id. Every other byte stays the same: a parser would lose the comments.
 * @throws GatewayError if the environment's tables do not have the old id
 */
export function replaceDatabaseId(toml: string, environment: string, from: string, to: string): string {
  const tables = [`env.${environment}`, `env.${environment}.d1_databases`];
  let inTable = false;
  let replaced = false;
  const lines = toml.split("\n").map((line) => {
    const [, table] = /^\s*\[+\s*([^\]]+?)\s*\]+/.exec(line) ?? [];
    if (table !== undefined) inTable = tables.includes(table.replaceAll(/[\s"']/g, ""));
    if (!inTable || replaced) return line;
    const [, before, quote, id] = /^(\s*database_id\s*=\s*)(["'])([^"']*)\2/.exec(line) ?? [];
    if (before === undefined || quote === undefined || id !== from) return line;
    replaced = true;
    return `${before}${quote}${to}${quote}${line.slice(before.length + quote.length * 2 + id.length)}`;
  });
  if (replaced) return lines.join("\n");
  throw new GatewayError(`[env.${environment}] has no database_id "${from}"`);
}
