/** `pnpm d1 "<SQL>"`: `wrangler d1 execute` on the right database and state, even while the gateway runs. */
import { parseArgs } from "node:util";
import { problemOf } from "../../cli/src/cloudflare/wrangler.ts";
import { exitOf } from "../local/child.ts";
import { runWrangler, spawnWrangler } from "../local/wrangler.ts";
import { D1_OPTIONS, endForBadUsage, executeArguments, readArguments } from "./database-tool.ts";
import { answerTables } from "./sql-answer.ts";

const USAGE = `usage: pnpm d1 "<SQL>" [--json] [--env <name> --remote]

  pnpm d1 "SELECT id, state, conclusion FROM validations ORDER BY created_at DESC LIMIT 10"
  pnpm d1 "SELECT * FROM v_in_flight" --json
  pnpm d1 "SELECT * FROM v_open_dead_letters" --env production --remote`;

const { values, positionals } = readArguments(
  () => parseArgs({ allowPositionals: true, options: D1_OPTIONS }),
  USAGE,
);
const [sql] = positionals;
if (sql === undefined || positionals.length > 1) endForBadUsage("give one SQL statement, in quotes", USAGE);
const args = [...executeArguments(values, sql), "--json"];
if (values.json) process.exitCode = await exitOf(spawnWrangler(args, { stdio: "inherit" }));
else {
  const { code, stdout, stderr } = await runWrangler(args);
  if (code === 0) printTables(stdout);
  else console.error(`error: ${problemOf(stdout, stderr)}`);
  process.exitCode = code;
}

function printTables(stdout: string): void {
  const lines = answerTables(stdout);
  if (lines.length === 0) console.error("no rows");
  else process.stdout.write(`${lines.join("\n")}\n`);
}
