/** A D1 that notes what each of its statements cost, by D1's own account of it (`meta`). */
import type { D1Database, D1PreparedStatement, D1Result } from "@cloudflare/workers-types";

export interface Cost {
  readonly sql: string;
  readonly bound: readonly unknown[];
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly changes: number;
  readonly durationMs: number;
  /** Bytes of the whole database after it. */
  readonly sizeAfter: number;
}

export interface Meter {
  readonly db: D1Database;
  /** What was asked since the last call, and in how many round trips. */
  take(): { readonly costs: readonly Cost[]; readonly roundTrips: number };
}

/** The statement behind a metered one, and what it was made of. */
interface Behind {
  readonly sql: string;
  readonly bound: readonly unknown[];
  readonly statement: D1PreparedStatement;
}

export function createMeter(db: D1Database): Meter {
  let costs: Cost[] = [];
  let roundTrips = 0;
  const behind = new WeakMap<object, Behind>();

  function note({ sql, bound }: Behind, { meta }: D1Result): void {
    costs.push({
      sql,
      bound,
      rowsRead: meta.rows_read,
      rowsWritten: meta.rows_written,
      changes: meta.changes,
      durationMs: meta.duration,
      sizeAfter: meta.size_after,
    });
  }

  function wrap(of: Behind): D1PreparedStatement {
    const { sql, statement } = of;
    const all = async () => {
      roundTrips++;
      const result = await statement.all();
      note(of, result);
      return result;
    };
    const wrapped = {
      bind: (...values: unknown[]) => wrap({ sql, bound: values, statement: statement.bind(...values) }),
      all,
      run: all,
      // D1 tells nothing of the cost of a `first()`.
      first: async () => (await all()).results[0] ?? null,
    };
    behind.set(wrapped, of);
    return wrapped as unknown as D1PreparedStatement;
  }

  const metered = {
    prepare: (sql: string) => wrap({ sql, bound: [], statement: db.prepare(sql) }),
    async batch(statements: D1PreparedStatement[]) {
      roundTrips++;
      const known = statements.flatMap((one) => behind.get(one) ?? []);
      const results = await db.batch(known.map(({ statement }) => statement));
      known.forEach((one, index) => {
        const result = results[index];
        if (result !== undefined) note(one, result);
      });
      return results;
    },
  };
  return {
    db: metered as unknown as D1Database,
    take() {
      const taken = { costs, roundTrips };
      costs = [];
      roundTrips = 0;
      return taken;
    },
  };
}
