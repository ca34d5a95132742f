/**
 * A cell: a further environment of its own queues and database, copied from `production` in both configuration files.
 * Text in, text out: a parser would lose the comments.
 */

/** What a cell is copied from. */
export const TEMPLATE = "production";

/** A name that Cloudflare takes as a part of the names of Workers, queues and databases. */
export const CELL_NAME = /^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,30}$/;

/** The environments of a configuration file, in its order. */
export const environmentsOf = (toml: string): string[] => [
  ...new Set([...toml.matchAll(/^\s*\[+\s*env\.([\w-]+)/gm)].flatMap(([, name]) => name ?? [])),
];

/**
 * Adds a cell at the end of a configuration file.
 * @returns the same text if it has the environment already
 */
export function addCell(toml: string, cell: string): string {
  if (environmentsOf(toml).includes(cell)) return toml;
  const newline = toml.includes("\r\n") ? "\r\n" : "\n";
  const lines = toml.split(/\r?\n/);
  const copied = tablesOf(lines, TEMPLATE).map((line) => renamed(line, cell, toml));
  const title = `# ── ${cell}: a cell, made from ${TEMPLATE} `;
  return [...withoutEmptyEnd(lines), "", title.padEnd(105, "─"), "", ...withoutEmptyEnd(copied), ""].join(
    newline,
  );
}

/** The lines of an environment's tables, without the comments before them. */
function tablesOf(lines: readonly string[], environment: string): string[] {
  let inside = false;
  return lines.filter((line) => {
    const [, table] = /^\s*\[+\s*([^\]\s]+)/.exec(line) ?? [];
    // Two Workers cannot have the same address.
    if (table !== undefined)
      inside = table.startsWith(`env.${environment}.`) && table !== `env.${environment}.routes`;
    else if (/^# ──/.test(line)) inside = false;
    return inside;
  });
}

/**
 * What belongs to one gateway alone is not copied: its address, its database and its hooks. `ENVIRONMENT` stays what it
 * is: a cell is run as production is.
 */
function renamed(line: string, cell: string, toml: string): string {
  if (/^\s*\[/.test(line)) return line.replace(`env.${TEMPLATE}`, `env.${cell}`);
  if (/^\s*ENVIRONMENT\s*=/.test(line)) return line;
  if (/^\s*CLOUDFLARE_WORKER_URL\s*=/.test(line)) return withValue(line, exampleUrl(cell));
  if (/^\s*RECONCILE_HOOKS\s*=/.test(line)) return withValue(line, "");
  if (/^\s*database_id\s*=/.test(line)) return withValue(line, "00000000-0000-4000-8000-000000000000");
  if (/^\s*namespace_id\s*=/.test(line)) return line.replace(/\d+/, String(nextNamespace(toml)));
  return line
    .replaceAll(`-${TEMPLATE}`, `-${cell}`)
    .replaceAll(`_${TEMPLATE}`, `_${cell.replaceAll("-", "_")}`)
    .replaceAll(`.${TEMPLATE}.`, `.${cell}.`);
}

const withValue = (line: string, value: string): string => line.replace(/(["'])[^"']*\1/, `"${value}"`);

/** Has to be replaced before a deployment. */
const exampleUrl = (cell: string): string => `https://webhook-gateway-producer-${cell}.example.workers.dev`;

/** Rate limits with one id would count together. */
const nextNamespace = (toml: string): number =>
  1 + Math.max(0, ...[...toml.matchAll(/^\s*namespace_id\s*=\s*"(\d+)"/gm)].map(([, id]) => Number(id)));

function withoutEmptyEnd(lines: readonly string[]): readonly string[] {
  const end = lines.findLastIndex((line) => line.trim() !== "");
  return lines.slice(0, end + 1);
}
