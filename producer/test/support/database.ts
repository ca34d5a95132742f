/** The D1 that the files of a workerd share. */
import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { startInvocation } from "../../../test/platform/invocation.ts";
import { EACH_ALONE } from "../../../test/platform/invocations.ts";
import { TIMELINE_TAKES_ROWS } from "../../../test/support/timeline.ts";

let tables: readonly string[] = [];

/** Makes the schema, once for a workerd, and puts D1's limits around the database. */
export async function migrate(): Promise<void> {
  if (tables.length > 0) return;
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
  await env.DB.prepare(TIMELINE_TAKES_ROWS).run();
  const { results } = await env.DB.prepare(
    `SELECT name FROM sqlite_master
     WHERE type = 'table' AND name <> 'd1_migrations' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_cf%' ESCAPE '\\'`,
  ).all<{ name: string }>();
  tables = results.map(({ name }) => name);
  const stays = await env.DB.prepare(
    "SELECT sql FROM sqlite_master WHERE name = 'operator_actions_stay'",
  ).first();
  keepActions = String(stays?.sql);
  Object.defineProperty(env, "DB", { value: startInvocation(EACH_ALONE).database(env.DB) });
}

/** The trigger that keeps recorded actions. */
let keepActions = "";

/** Empties every table. */
export async function empty(): Promise<void> {
  const deletes = tables.map((name) => `DELETE FROM ${name}`);
  const statements = ["DROP TRIGGER operator_actions_stay", ...deletes, keepActions];
  await env.DB.batch(statements.map((sql) => env.DB.prepare(sql)));
}
