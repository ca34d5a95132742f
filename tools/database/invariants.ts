/**
 * `pnpm invariants`: checks the invariants of a live database, local or deployed, and names the rows that break one.
 * The exit code is 1 if any row does.
 */
import { parseArgs } from "node:util";
import { invariants } from "@webhook-gateway/shared/store/maintain/invariants.ts";
import { runWrangler } from "../local/wrangler.ts";
import { executeArguments, INVARIANTS_OPTIONS, readArguments } from "./database-tool.ts";
import { brokenRows } from "./invariant-answers.ts";

const USAGE = `usage: pnpm invariants [--env <name> --remote] [--keep-superseded]

  --keep-superseded  for CANCEL_SUPERSEDED="false": older heads may run on`;

/** Rows that are named for each invariant. */
const MAX_ROWS = 20;

function fail(problem: string): never {
  console.error(`error: ${problem}`);
  process.exit(1);
}

const { values } = readArguments(() => parseArgs({ options: INVARIANTS_OPTIONS }), USAGE);
const checks = invariants(!values["keep-superseded"]);
const sql = checks.map((check) => `SELECT * FROM (${check.sql}) LIMIT ${MAX_ROWS};`).join("\n");
const { code, output } = await runWrangler([...executeArguments(values, sql), "--json"]);
if (code !== 0) fail(`cannot query the database:\n${output}`);
try {
  const broken = brokenRows(checks, output);
  for (const { number, rule, id, problem } of broken)
    console.log(`broken ${number} (${rule}): ${id}: ${problem}`);
  console.log(`${checks.length} rules checked, ${broken.length} rows break one`);
  process.exitCode = broken.length === 0 ? 0 : 1;
} catch (thrown) {
  fail(thrown instanceof Error ? thrown.message : "unexpected answer");
}
