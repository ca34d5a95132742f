import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { startInvocation } from "../../../test/platform/invocation.ts";
import { EACH_ALONE } from "../../../test/platform/invocations.ts";
import { TIMELINE_TAKES_ROWS } from "../../../test/support/timeline.ts";

let migrated = false;

/** Makes the schema, once for a workerd, and puts D1's limits around the database. */
export async function migrate(): Promise<void> {
  if (migrated) return;
  migrated = true;
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
  await env.DB.prepare(TIMELINE_TAKES_ROWS).run();
  Object.defineProperty(env, "DB", { value: startInvocation(EACH_ALONE).database(env.DB) });
}

/** Rows of a query. */
export async function rows<Row>(sql: string, ...values: unknown[]): Promise<Row[]> {
  const { results } = await env.DB.prepare(sql)
    .bind(...values)
    .all<Row>();
  return results;
}

/** The only row of a query. */
export async function row<Row>(sql: string, ...values: unknown[]): Promise<Row> {
  const [only, ...others] = await rows<Row>(sql, ...values);
  if (only === undefined || others.length > 0) throw new Error(`not exactly one row: ${sql}`);
  return only;
}

/** The first column of the only row, as a number. */
export async function count(sql: string, ...values: unknown[]): Promise<number> {
  return Number(Object.values(await row<Record<string, unknown>>(sql, ...values))[0]);
}

/** Rows that D1 reads for something that asks in batches. */
export async function rowsReadBy(run: (db: D1Database) => Promise<unknown>): Promise<number> {
  let read = 0;
  const db: D1Database = Object.assign(Object.create(env.DB), {
    prepare: (sql: string) => env.DB.prepare(sql),
    batch: async (statements: D1PreparedStatement[]) => {
      const results = await env.DB.batch(statements);
      read += results.reduce((sum, { meta }) => sum + meta.rows_read, 0);
      return results;
    },
  });
  await run(db);
  return read;
}

let tables: readonly { readonly name: string }[] = [];

/** Empties every table, for tests whose subject is the whole database. */
export async function empty(): Promise<void> {
  if (tables.length === 0)
    tables = await rows(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%\\_%' ESCAPE '\\' OR name IN ('dead_letters', 'callbacks_unmatched', 'callback_results', 'repository_names', 'operator_actions', 'revoked_sessions', 'outgoing_events', 'outgoing_traces', 'bulk_commands', 'timeline_results', 'returned_dispatches', 'report_leases', 'audited_repositories')",
    );
  const deletes = tables.map(({ name }) => `DELETE FROM ${name}`);
  const [keeper] = await rows<{ sql: string; has_kept: number }>(SELECT_KEEPER);
  // A changed schema costs more than the deletes: every statement is compiled again after it.
  const statements =
    keeper?.has_kept === 1 ? ["DROP TRIGGER operator_actions_stay", ...deletes, keeper.sql] : deletes;
  await env.DB.batch(statements.map((sql) => env.DB.prepare(sql)));
}

/** The trigger that keeps recorded actions, and whether there are any. */
const SELECT_KEEPER = `
  SELECT sql, EXISTS (SELECT 1 FROM operator_actions) AS has_kept FROM sqlite_master
  WHERE name = 'operator_actions_stay'`;

/** What a database was asked, seen from outside. */
export interface Watched {
  readonly db: D1Database;
  /** Statements run so far. */
  readonly statements: () => number;
}

/** Counts the statements that are run. */
export function countStatements(db: D1Database): Watched {
  let statements = 0;
  const counted = intercept(db, (sent) => {
    statements += sent;
  });
  return { db: counted, statements: () => statements };
}

/** A database that fails as long as `broken` says why. */
export const breakable = (db: D1Database, broken: () => Error | undefined): D1Database =>
  intercept(db, () => {
    const error = broken();
    if (error !== undefined) throw error;
  });

/** A database whose round trips are lost on the way there, or on the way back when all is done. */
export function faulty(db: D1Database, next: () => "never" | "before" | "after"): D1Database {
  const lost = new Error("D1_ERROR: Network connection lost (injected)");
  let fault: ReturnType<typeof next> = "never";
  return intercept(
    db,
    () => {
      fault = next();
      if (fault === "before") throw lost;
    },
    () => {
      if (fault === "after") throw lost;
    },
  );
}

/** Runs something before and after every round trip; where the first throws, nothing is sent. */
export function intercept(
  db: D1Database,
  before: (statements: number) => void | Promise<void>,
  after: () => void = () => {},
): D1Database {
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get(target, name) {
        if (name === "bind") return (...values: unknown[]) => wrap(target.bind(...values));
        if (name === "raw") throw new Error("raw() is not watched");
        if (name === "all" || name === "run" || name === "first") {
          return async () => {
            await before(1);
            const result = await target[name]();
            after();
            return result;
          };
        }
        if (name === UNWRAP) return target;
        return Reflect.get(target, name);
      },
    });
  const unwrap = (statement: D1PreparedStatement): D1PreparedStatement => Reflect.get(statement, UNWRAP);
  return new Proxy(db, {
    get(target, name) {
      if (name === "prepare") return (sql: string) => wrap(target.prepare(sql));
      if (name === "batch") {
        return async (statements: D1PreparedStatement[]) => {
          await before(statements.length);
          const results = await target.batch(statements.map(unwrap));
          after();
          return results;
        };
      }
      throw new Error(`${String(name)}() is not watched`);
    },
  });
}

const UNWRAP = Symbol("unwrap");
