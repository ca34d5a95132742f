/**
 * `pnpm invariants`: checks what must hold of a live database, local or deployed, and names the rows that break it.
 * Exit code 1 if any does.
 */
import { parseArgs } from "node:util";
import { invariants } from "@webhook-gateway/shared/store/maintain/invariants.ts";
import { readStateDir } from "../../cli/src/project/local-gateway.ts";
import { runWrangler } from "../local/wrangler.ts";
import { brokenRows } from "./invariant-answers.ts";
import { INVARIANTS_OPTIONS } from "./tool-options.ts";

const USAGE = `usage: pnpm invariants [--env <name> --remote] [--keep-superseded]

  --keep-superseded  where CANCEL_SUPERSEDED is "false": older heads may run on`;

/** Rows named of one invariant. */
const MAX_ROWS = 20;

function readArguments() {
  try {
    return parseArgs({ options: INVARIANTS_OPTIONS }).values;
  } catch (thrown) {
    console.error(`error: ${thrown instanceof Error ? thrown.message : "bad arguments"}\n\n${USAGE}`);
    process.exit(2);
  }
}

function rowsOf(output: string): ReturnType<typeof brokenRows> {
  try {
    return brokenRows(checks, output);
  } catch (thrown) {
    console.error(`error: ${thrown instanceof Error ? thrown.message : "the answer is not understood"}`);
    process.exit(1);
  }
}

const options = readArguments();
if (options.help) {
  console.log(USAGE);
  process.exit(0);
}
if (options.remote && options.env === "development") {
  console.error(`error: --remote needs --env staging or --env production\n\n${USAGE}`);
  process.exit(2);
}

const checks = invariants(!options["keep-superseded"]);
const place = options.remote ? ["--remote"] : ["--local", "--persist-to", readStateDir(process.env)];
const sql = checks.map((check) => `SELECT * FROM (${check.sql}) LIMIT ${MAX_ROWS};`).join("\n");
const { code, output } = await runWrangler([
  ...["d1", "execute", "DB", "-c", "wrangler.producer.toml", "--env", options.env, ...place],
  ...["--json", "--yes", "--command", sql],
]);
if (code !== 0) {
  console.error(`error: the database could not be asked:\n${output}`);
  process.exit(1);
}
const broken = rowsOf(output);
for (const { number, rule, id, problem } of broken)
  console.log(`broken ${number} (${rule}): ${id}: ${problem}`);
console.log(`${checks.length} rules checked, ${broken.length} rows break one`);
process.exitCode = broken.length === 0 ? 0 : 1;
