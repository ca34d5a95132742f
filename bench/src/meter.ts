/** A D1 that notes what each of its statements cost, by D1's own account of it (`meta`). */
import type { D1Database, D1PreparedStatement, D1Result } from "@cloudflare/workers-types";
import { sum } from "./statistics.ts";

export interface Cost {
  readonly sql: string;
  readonly bound: readonly unknown[];
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly ms: number;
}

/** What was asked, and in how many round trips. */
export interface Taken {
  readonly costs: readonly Cost[];
  readonly roundTrips: number;
}

export interface Meter {
  readonly db: D1Database;
  /** What was asked since the last call. */
  take(): Taken;
}

export const total = (costs: readonly Cost[], field: "rowsRead" | "rowsWritten" | "ms"): number =>
  sum(costs.map((cost) => cost[field]));

/** The rows that statements wrote, by the table that each is about; with an index entry for a row. */
export function writtenByTable(costs: readonly Cost[]): Readonly<Record<string, number>> {
  const written: Record<string, number> = {};
  for (const { sql, rowsWritten } of costs) {
    const [, table = "other"] = /(?:INTO|UPDATE|DELETE FROM) (\w+)/.exec(sql) ?? [];
    if (rowsWritten > 0) written[table] = (written[table] ?? 0) + rowsWritten;
  }
  return written;
}

/** The statement behind a metered one. */
interface Behind {
  readonly sql: string;
  readonly bound: readonly unknown[];
  readonly statement: D1PreparedStatement;
}

export function createMeter(db: D1Database): Meter {
  let costs: Cost[] = [];
  let roundTrips = 0;
  const behind = new WeakMap<object, Behind>();

  async function batch(statements: readonly D1PreparedStatement[]): Promise<readonly D1Result[]> {
    roundTrips++;
    const known = statements.flatMap((one) => behind.get(one) ?? []);
    const results = await db.batch(known.map(({ statement }) => statement));
    for (const [index, { meta }] of results.entries()) {
      const { sql = "", bound = [] } = known[index] ?? {};
      costs.push({ sql, bound, rowsRead: meta.rows_read, rowsWritten: meta.rows_written, ms: meta.duration });
    }
    return results;
  }

  function wrap(of: Behind): D1PreparedStatement {
    const all = async () => (await batch([wrapped]))[0];
    const wrapped = {
      bind: (...bound: unknown[]) => wrap({ sql: of.sql, bound, statement: of.statement.bind(...bound) }),
      all,
      run: all,
      // D1 tells nothing of the cost of a `first()`.
      first: async () => (await all())?.results[0] ?? null,
    } as unknown as D1PreparedStatement;
    behind.set(wrapped, of);
    return wrapped;
  }

  const prepare = (sql: string) => wrap({ sql, bound: [], statement: db.prepare(sql) });
  return {
    db: { prepare, batch } as unknown as D1Database,
    take() {
      const taken = { costs, roundTrips };
      [costs, roundTrips] = [[], 0];
      return taken;
    },
  };
}
