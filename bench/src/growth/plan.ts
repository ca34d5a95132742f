/** What SQLite's plan of a statement says. */
import type { D1Database } from "@cloudflare/workers-types";
import type { Cost } from "../meter.ts";

/** They grow with what comes in. `settings` and `commit_guard` do not. */
const GROWING =
  /^(deliveries|repositories|subjects|validations|timeline|reports|cancels|dead_letters|replays|callbacks_unmatched|callback_results|reactions|reconciles)$/;
const TABLES = /\b(?:FROM|JOIN|UPDATE|INTO) (\w+)(?: (?:AS )?(?!ON\b|WHERE\b|SET\b|INDEXED\b)(\w+))?/gi;

/** The steps of a plan that go through a growing table from end to end. */
function fullScans(sql: string, plan: readonly string[]): readonly string[] {
  const aliases = new Map([...sql.matchAll(TABLES)].map(([, table = "", alias = table]) => [alias, table]));
  // A subquery may have the name that a table has elsewhere in the statement.
  const subqueries = plan.map((step) => /^(?:CO-ROUTINE|MATERIALIZE) (\w+)/.exec(step)?.[1]);
  return plan.filter((step) => {
    const [, name = ""] = /^SCAN (\w+)(?! VIRTUAL| USING)/.exec(step) ?? [];
    const scans = GROWING.test(aliases.get(name) ?? name) && !subqueries.includes(name);
    return scans && !/USING (COVERING )?INDEX/.test(step);
  });
}

/** Those of every statement that was asked, each with its statement. */
export async function scansOf(db: D1Database, costs: readonly Cost[]): Promise<readonly string[]> {
  const asked = new Map(costs.map(({ sql, bound }) => [sql, bound]));
  const found: string[] = [];
  for (const [sql, bound] of asked) {
    const explain = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind(...bound);
    const { results } = await explain.all<{ detail: string }>();
    const plan = results.map(({ detail }) => detail);
    const text = sql.trim().replaceAll(/\s+/g, " ");
    found.push(...fullScans(sql, plan).map((step) => `${step} in ${text}`));
  }
  return found;
}
