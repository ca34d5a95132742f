/** What the tools for D1 have in common: their options, and the database that they work on. */
import type { ParseArgsOptionsConfig } from "node:util";
import { readStateDir } from "../../cli/src/project/local-gateway.ts";

const common = {
  env: { type: "string", default: "development" },
  remote: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const satisfies ParseArgsOptionsConfig;

export const D1_OPTIONS = {
  ...common,
  json: { type: "boolean", default: false },
} as const satisfies ParseArgsOptionsConfig;

export const INVARIANTS_OPTIONS = {
  ...common,
  "keep-superseded": { type: "boolean", default: false },
} as const satisfies ParseArgsOptionsConfig;

/** Reads what `parse` reads from the arguments, and ends the process after `--help` or for bad usage. */
export function readArguments<Parsed extends { readonly values: Common }>(
  parse: () => Parsed,
  usage: string,
): Parsed {
  const parsed = attempt(parse, usage);
  const { env, remote, help } = parsed.values;
  if (help) {
    console.log(usage);
    process.exit(0);
  }
  if (remote && env === "development")
    endForBadUsage("--remote needs --env staging or --env production", usage);
  return parsed;
}

interface Common {
  readonly env: string;
  readonly remote: boolean;
  readonly help: boolean;
}

function attempt<Parsed>(parse: () => Parsed, usage: string): Parsed {
  try {
    return parse();
  } catch (thrown) {
    return endForBadUsage(thrown instanceof Error ? thrown.message : "bad arguments", usage);
  }
}

export function endForBadUsage(problem: string, usage: string): never {
  console.error(`error: ${problem}\n\n${usage}`);
  process.exit(2);
}

/** The arguments of `wrangler` that run SQL on the database. */
export const executeArguments = ({ env, remote }: Common, sql: string): string[] => [
  ...["d1", "execute", "DB", "-c", "wrangler.producer.toml", "--env", env],
  ...(remote ? ["--remote"] : ["--local", "--persist-to", readStateDir(process.env)]),
  ...["--yes", "--command", sql],
];
