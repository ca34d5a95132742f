/**
 * `environments.toml`: what the environments of both Workers consist of. Wrangler's environments inherit neither
 * variables nor bindings, so both configuration files have a generated part with each environment in full.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parse, stringify, type TomlTable } from "smol-toml";
import * as v from "valibot";
import { GatewayError } from "../exit.ts";
import { configFile, type EnvironmentName, WORKERS, type WorkerName } from "./project.ts";

export const SOURCE = "environments.toml";

const PLACEHOLDER_ID = "00000000-0000-4000-8000-000000000000";

const table = v.optional(v.record(v.string(), v.unknown()), {});
const tables = { both: table, producer: table, consumer: table };
const schema = v.strictObject({
  ...tables,
  env: v.record(
    v.string(),
    v.strictObject({ ...tables, database_id: v.string(), namespace_id: v.pipe(v.string(), v.digits()) }),
  ),
});
type Environments = v.InferOutput<typeof schema>;

/** A file of the project, and what is to be written to it. */
export interface ChangedFile {
  readonly file: string;
  readonly before: string;
  readonly text: string;
}

export const readText = (dir: string, file: string): string => {
  try {
    return readFileSync(path.join(dir, file), "utf8");
  } catch {
    throw new GatewayError(`${file} cannot be read`);
  }
};

/** @throws GatewayError if it is not TOML */
function parseToml(file: string, toml: string): TomlTable {
  try {
    return parse(toml);
  } catch (thrown) {
    const [reason] = thrown instanceof Error ? thrown.message.split("\n", 1) : ["unknown reason"];
    throw new GatewayError(`${file} cannot be read: ${reason}`);
  }
}

/** @throws GatewayError if the source is invalid */
function parseSource(source: string): Environments {
  const parsed = v.safeParse(schema, parseToml(SOURCE, source));
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new GatewayError(`${SOURCE}: ${v.getDotPath(issue)}: ${issue.message}`);
}

/** The environments of a configuration file by their names. @throws GatewayError if it is not TOML */
export const readEnvironments = (file: string, toml: string): object => Object(parseToml(file, toml).env);

/** The id of the environment's database by the source; undefined if it does not have the environment. @throws GatewayError */
export const readDatabaseId = (dir: string, environment: EnvironmentName): string | undefined =>
  parseSource(readText(dir, SOURCE)).env[environment]?.database_id;

/** Both configuration files with the environments of the source. @throws GatewayError */
export function generateFiles(dir: string, source: string): ChangedFile[] {
  const environments = parseSource(source);
  return WORKERS.map((worker) => {
    const sections = Object.keys(environments.env).map((name) => sectionOf(environments, worker, name));
    return replaceIn(dir, worker, GENERATED, `\n${sections.join("")}`);
  });
}

/**
 * The source and both configuration files with a new cell. What they have already stays as it is, byte for byte.
 * @returns nothing if both configuration files have the environment
 * @throws GatewayError
 */
export function addCell(dir: string, cell: EnvironmentName): ChangedFile[] {
  const lacking = WORKERS.filter((worker) => {
    const file = configFile(worker);
    return !Object.hasOwn(readEnvironments(file, readText(dir, file)), cell);
  });
  if (lacking.length === 0) return [];
  const before = readText(dir, SOURCE);
  const text = withCell(before, cell, readText(dir, configFile("producer")));
  const environments = parseSource(text);
  const files = lacking.map((worker) => replaceIn(dir, worker, END, sectionOf(environments, worker, cell)));
  return [{ file: SOURCE, before, text }, ...files];
}

/** @returns the names of the files that were written, which are those that change */
export function writeFiles(dir: string, files: readonly ChangedFile[]): string[] {
  const changed = files.filter(({ before, text }) => text !== before);
  for (const { file, text } of changed) writeFileSync(path.join(dir, file), text);
  return changed.map(({ file }) => file);
}

/** Writes the source, and what is generated from it. @returns the names of the files that changed @throws GatewayError */
export const writeEnvironments = (dir: string, source: string): string[] =>
  writeFiles(dir, [
    { file: SOURCE, before: readText(dir, SOURCE), text: source },
    ...generateFiles(dir, source),
  ]);

/**
 * Adds a cell at the end of the source.
 * @param toml has further ids of rate limits: those with the same one would count together
 * @returns the same text if it has the environment already
 * @throws GatewayError
 */
export function withCell(source: string, cell: EnvironmentName, toml = ""): string {
  if (Object.hasOwn(parseSource(source).env, cell)) return source;
  const used = (source + toml).matchAll(/^\s*namespace_id\s*=\s*["'](\d+)/gm);
  const namespace = 1 + Math.max(0, ...[...used].map(([, id]) => Number(id)));
  const vars = {
    CLOUDFLARE_WORKER_URL: `https://webhook-gateway-producer-${cell}.example.workers.dev`,
    GRAINCHAIN_API_URL: `https://grainchain.${cell}.example.com`,
  };
  const added = { database_id: PLACEHOLDER_ID, namespace_id: String(namespace), consumer: { vars } };
  return source.trimEnd() + withNewlinesOf(source, `\n\n${stringify({ env: { [cell]: added } })}`);
}

/** What is between the marker of the generated part and that of its end. */
export const GENERATED = /(?<=^# ── environments:.*\r?\n)[\s\S]*?^(?=# ── end of the environments)/m;

/** Where a cell is added. */
const END = /^(?=# ── end of the environments)/m;

function replaceIn(dir: string, worker: WorkerName, part: RegExp, sections: string): ChangedFile {
  const file = configFile(worker);
  const before = readText(dir, file);
  if (!part.test(before)) throw new GatewayError(`${file} has no generated part: restore its two markers`);
  return { file, before, text: before.replace(part, () => withNewlinesOf(before, sections)) };
}

/** Lines keep the ends that Windows gives them. */
const withNewlinesOf = (model: string, text: string): string =>
  text.replaceAll(/\r?\n/g, model.includes("\r\n") ? "\r\n" : "\n");

const sectionOf = (environments: Environments, worker: WorkerName, name: EnvironmentName): string =>
  `${stringify({ env: { [name]: environmentOf(environments, worker, name) } })}\n`;

function environmentOf({ both, env, ...workers }: Environments, worker: WorkerName, name: string): unknown {
  const own = env[name];
  if (own === undefined) return {};
  const { database_id, namespace_id } = own;
  const words = {
    environment: name,
    environment_underscored: name.replaceAll("-", "_"),
    database_id,
    namespace_id,
  };
  return [own.both, own[worker]].reduce(merged, filled(merged(both, workers[worker]), words));
}

/** With the words in braces replaced. */
const filled = (template: unknown, words: Readonly<Record<string, string>>): unknown =>
  JSON.parse(
    JSON.stringify(template).replaceAll(/\{(\w+)\}/g, (braced, word: string) => words[word] ?? braced),
  );

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Tables are merged; what is anything else replaces what was there. */
function merged(base: unknown, own: unknown): unknown {
  if (!isTable(base) || !isTable(own)) return own;
  const changed = Object.entries(own).map(([key, value]) => [key, merged(base[key], value)]);
  return { ...base, ...Object.fromEntries(changed) };
}
