/** `pnpm d1 "<SQL>"`: `wrangler d1 execute` on the right database and state, also while the gateway runs. */
import { parseArgs } from "node:util";
import { readStateDir } from "../../cli/src/project/local-gateway.ts";
import { exitOf, spawnWrangler } from "../local/wrangler.ts";
import { D1_OPTIONS } from "./tool-options.ts";

const USAGE = `usage: pnpm d1 "<SQL>" [--json] [--env <name> --remote]

  pnpm d1 "SELECT id, state, conclusion FROM validations ORDER BY created_at DESC LIMIT 10"
  pnpm d1 "SELECT * FROM v_in_flight" --json
  pnpm d1 "SELECT * FROM v_open_dead_letters" --env production --remote`;

function usage(problem: string): never {
  console.error(`error: ${problem}\n\n${USAGE}`);
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: D1_OPTIONS });
  } catch (thrown) {
    return usage(thrown instanceof Error ? thrown.message : "bad arguments");
  }
}

const { values, positionals } = readArguments();
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const [sql] = positionals;
if (sql === undefined || positionals.length > 1) usage("give one SQL statement, in quotes");
if (values.remote && values.env === "development") usage("--remote needs --env staging or --env production");

const place = values.remote ? ["--remote"] : ["--local", "--persist-to", readStateDir(process.env)];
const child = spawnWrangler(
  [
    ...["d1", "execute", "DB", "-c", "wrangler.producer.toml", "--env", values.env],
    ...place,
    ...["--command", sql, "--yes"],
    ...(values.json ? ["--json"] : []),
  ],
  { stdio: "inherit" },
);
process.exitCode = await exitOf(child);
