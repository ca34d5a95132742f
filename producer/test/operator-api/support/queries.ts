/** Looks at what statements make D1 read. */

/** One statement, with what it read. */
export interface Query {
  readonly sql: string;
  readonly rowsRead: number;
}

/** Runs something and tells every statement that it sent. */
export async function readBy(
  db: D1Database,
  run: (db: D1Database) => Promise<unknown>,
): Promise<readonly Query[]> {
  const queries: Query[] = [];
  const note = (sql: string, { meta }: D1Result): void => {
    queries.push({ sql: sql.trim().replaceAll(/\s+/g, " "), rowsRead: meta.rows_read });
  };
  await run(watch(db, note));
  return queries;
}

const SQL = Symbol("sql");
const TARGET = Symbol("target");

function watch(db: D1Database, note: (sql: string, result: D1Result) => void): D1Database {
  const wrap = (sql: string, statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get(target, name) {
        if (name === SQL) return sql;
        if (name === TARGET) return target;
        if (name === "bind") return (...values: unknown[]) => wrap(sql, target.bind(...values));
        if (name !== "all" && name !== "run" && name !== "first")
          throw new Error(`${String(name)} is not watched`);
        return async () => {
          const result = await target.all();
          note(sql, result);
          return name === "first" ? (result.results[0] ?? null) : result;
        };
      },
    });
  return new Proxy(db, {
    get(target, name) {
      if (name === "prepare") return (sql: string) => wrap(sql, target.prepare(sql));
      if (name !== "batch") throw new Error(`${String(name)} is not watched`);
      return async (statements: D1PreparedStatement[]) => {
        const results = await target.batch(statements.map((one) => Reflect.get(one, TARGET)));
        for (const [index, result] of results.entries()) {
          note(String(Reflect.get(statements[index] ?? {}, SQL)), result);
        }
        return results;
      };
    },
  });
}
