/** D1 within its limits. What one statement takes too much of resets the database for everybody. */

import type { Accounting } from "./accounting.ts";
import { conditionsOf, type DatabaseConditions } from "./database-conditions.ts";
import { ERRORS } from "./limits.ts";
import { bytesOf } from "./size.ts";
import { refusalOf, type Sent } from "./statement-limits.ts";

export interface DatabaseLike {
  prepare(sql: string): StatementLike;
  batch(statements: never[]): Promise<ResultLike[]>;
}

export interface StatementLike {
  bind(...values: unknown[]): StatementLike;
  all(): Promise<ResultLike>;
  run(): Promise<ResultLike>;
  first(column?: string): Promise<unknown>;
}

export interface ResultLike {
  readonly results?: unknown[];
  readonly meta?: {
    readonly rows_read?: number;
    readonly rows_written?: number;
    readonly duration?: number;
    readonly size_after?: number;
  };
}

/** A statement as it was prepared. */
interface Prepared extends Sent {
  readonly statement: StatementLike;
}

export function limitDatabase<Database extends DatabaseLike>(accounting: Accounting, db: Database): Database {
  const conditions = conditionsOf(db);
  const send = (prepared: readonly Prepared[], perform: () => Promise<ResultLike[]>) =>
    accounting.connections.use(() => sendWithin(accounting, conditions, prepared, perform));
  return new Proxy(db, {
    get(target, name) {
      if (name === "prepare") {
        return (sql: string) =>
          new LimitedStatement({ sql, values: [], statement: target.prepare(sql) }, send);
      }
      if (name === "batch") {
        return (statements: readonly object[]) => {
          const prepared = statements.map(LimitedStatement.preparedOf);
          const batch = Reflect.get(target, name);
          return send(prepared, () =>
            Reflect.apply(batch, target, [prepared.map(({ statement }) => statement)]),
          );
        };
      }
      if (name === "then") return undefined;
      throw new Error(`${String(name)}() of a database is not limited`);
    },
  });
}

type Send = (prepared: readonly Prepared[], perform: () => Promise<ResultLike[]>) => Promise<ResultLike[]>;

class LimitedStatement implements StatementLike {
  readonly #prepared: Prepared;
  readonly #send: Send;

  constructor(prepared: Prepared, send: Send) {
    this.#prepared = prepared;
    this.#send = send;
  }

  static preparedOf(statement: object): Prepared {
    if (!(statement instanceof LimitedStatement)) throw new Error("a statement of another database");
    return statement.#prepared;
  }

  bind(...values: unknown[]): LimitedStatement {
    const { sql, statement } = this.#prepared;
    return new LimitedStatement({ sql, values, statement: statement.bind(...values) }, this.#send);
  }

  all(): Promise<ResultLike> {
    return this.#perform("all");
  }

  run(): Promise<ResultLike> {
    return this.#perform("run");
  }

  /** As `all`, which tells what it read. */
  async first(column?: string): Promise<unknown> {
    const [row] = (await this.all()).results ?? [];
    if (typeof row !== "object" || row === null) return null;
    if (column === undefined) return row;
    if (!(column in row)) throw new Error(`D1_COLUMN_NOTFOUND: Column not found (${column})`);
    return Reflect.get(row, column);
  }

  raw(): never {
    throw new Error("raw() is not limited: it does not tell what it reads");
  }

  async #perform(name: "all" | "run"): Promise<ResultLike> {
    const { statement } = this.#prepared;
    const [result] = await this.#send([this.#prepared], async () => [await statement[name]()]);
    return result ?? {};
  }
}

async function sendWithin(
  { limits, usage }: Accounting,
  conditions: DatabaseConditions,
  prepared: readonly Prepared[],
  perform: () => Promise<ResultLike[]>,
): Promise<ResultLike[]> {
  usage.queries += prepared.length;
  if (usage.queries + usage.objects > limits.queries) throw new Error(ERRORS.queries);
  if (conditions.away) throw new Error(ERRORS.away);
  const full = conditions.full || conditions.bytes >= Math.min(conditions.maxBytes, limits.databaseBytes);
  for (const sent of prepared) {
    const refusal = refusalOf(limits, sent, full);
    if (refusal !== undefined) throw new Error(refusal);
  }
  const results = await conditions.unlessReset(perform);
  for (const { meta = {}, results: rows = [] } of results) {
    usage.rowsRead += meta.rows_read ?? 0;
    usage.rowsWritten += meta.rows_written ?? 0;
    conditions.bytes = meta.size_after ?? conditions.bytes;
    if ((meta.rows_read ?? 0) > limits.rowsRead || (meta.duration ?? 0) > limits.statementMs) {
      conditions.reset();
      throw new Error(ERRORS.statement);
    }
    if (rows.some((row) => isLargeRow(row, limits.valueBytes))) throw new Error(ERRORS.valueBytes);
  }
  return results;
}

/** Its values together. Most rows need no counting: a character takes three bytes at most. */
function isLargeRow(row: unknown, bytes: number): boolean {
  const values: readonly unknown[] = Object.values(Object(row));
  let most = 0;
  for (const value of values) most += typeof value === "string" ? value.length * 3 : bytesOf(value);
  return most > bytes && values.reduce<number>((sum, value) => sum + bytesOf(value), 0) > bytes;
}
