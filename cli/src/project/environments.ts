/**
 * `environments.toml`: what the environments of both Workers consist of. Wrangler's environments inherit neither
 * variables nor bindings, so both configuration files have a generated part with each environment in full.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parse, stringify } from "smol-toml";
import * as v from "valibot";
import { GatewayError } from "../exit.ts";
import { configFile, WORKERS, type WorkerName } from "./project.ts";

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

export interface GeneratedFile {
  readonly file: string;
  readonly text: string;
  /** False if the file in the project's folder has another text. */
  readonly isCurrent: boolean;
}

export const readText = (dir: string, file: string): string => {
  try {
    return readFileSync(path.join(dir, file), "utf8");
  } catch {
    throw new GatewayError(`${file} cannot be read`);
  }
};

/** @throws GatewayError if the source is invalid */
function parseSource(source: string): Environments {
  try {
    return v.parse(schema, parse(source));
  } catch (thrown) {
    const [issue] = v.isValiError<typeof schema>(thrown) ? thrown.issues : [];
    const place = issue === undefined ? "" : `${v.getDotPath(issue)}: `;
    throw new GatewayError(
      `${SOURCE}: ${place}${thrown instanceof Error ? thrown.message.split("\n", 1) : "unknown reason"}`,
    );
  }
}

/** Both configuration files with the environments of the source. @throws GatewayError */
export function generateFiles(dir: string, source: string): GeneratedFile[] {
  const environments = parseSource(source);
  return WORKERS.map((worker) => {
    const file = configFile(worker);
    const before = readText(dir, file);
    const text = withEnvironments(before, file, sectionsOf(environments, worker));
    return { file, text, isCurrent: text === before };
  });
}

/** The files with other environments than the source. @throws GatewayError */
export const differingFiles = (dir: string): string[] =>
  generateFiles(dir, readText(dir, SOURCE)).flatMap(({ file, isCurrent }) => (isCurrent ? [] : [file]));

/**
 * Writes the source and what is generated from it, if they differ from what is there.
 * @returns the names of the files that were written
 * @throws GatewayError
 */
export function writeEnvironments(dir: string, source: string): string[] {
  const files = [
    { file: SOURCE, text: source, isCurrent: source === readText(dir, SOURCE) },
    ...generateFiles(dir, source),
  ].filter(({ isCurrent }) => !isCurrent);
  for (const { file, text } of files) writeFileSync(path.join(dir, file), text);
  return files.map(({ file }) => file);
}

/**
 * Adds a cell at the end of the source.
 * @returns the same text if it has the environment already
 * @throws GatewayError
 */
export function withCell(source: string, cell: string): string {
  const { env } = parseSource(source);
  if (Object.hasOwn(env, cell)) return source;
  // Rate limits with one id would count together.
  const namespace = 1 + Math.max(0, ...Object.values(env).map(({ namespace_id }) => Number(namespace_id)));
  const vars = {
    CLOUDFLARE_WORKER_URL: `https://webhook-gateway-producer-${cell}.example.workers.dev`,
    GRAINCHAIN_API_URL: `https://grainchain.${cell}.example.com`,
  };
  const added = { database_id: PLACEHOLDER_ID, namespace_id: String(namespace), consumer: { vars } };
  return source.trimEnd() + withNewlinesOf(source, `\n\n${stringify({ env: { [cell]: added } })}`);
}

/** The lines from the marker of the generated part to that of its end. */
const GENERATED = /^(# ── environments:.*\r?\n)[\s\S]*?^(?=# ── end of the environments)/m;

function withEnvironments(toml: string, file: string, sections: string): string {
  if (!GENERATED.test(toml)) throw new GatewayError(`${file} has no generated part: restore its two markers`);
  const generated = withNewlinesOf(toml, `\n${sections}\n`);
  return toml.replace(GENERATED, (_, marker: string) => marker + generated);
}

/** Lines keep the ends that Windows gives them. */
const withNewlinesOf = (model: string, text: string): string =>
  text.replaceAll(/\r?\n/g, model.includes("\r\n") ? "\r\n" : "\n");

const sectionsOf = (environments: Environments, worker: WorkerName): string =>
  Object.keys(environments.env)
    .map((name) => stringify({ env: { [name]: environmentOf(environments, worker, name) } }))
    .join("\n");

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
