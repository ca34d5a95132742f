/** A statement behind a limited one. */
const BEHIND = Symbol("behind");

/** Performs something when it is its turn. */
export type Limit = <Result>(perform: () => Promise<Result>) => Promise<Result>;

/** How many queries may still be sent. */
export interface Queries {
  left: number;
}

const QUERIES = new WeakMap<D1Database, Queries>();

/** Queries that may still be sent to a D1. */
export const queriesLeft = (db: D1Database): number => QUERIES.get(db)?.left ?? Number.POSITIVE_INFINITY;

/**
 * D1 of which each round trip waits for its turn.
 * @param queries that it takes; each statement of a batch is one. A round trip beyond them throws, and sends nothing.
 */
export function limitedDatabase(db: D1Database, limit: Limit, queries: Queries): D1Database {
  const send = <Result>(count: number, perform: () => Promise<Result>): Promise<Result> => {
    if (count > queries.left)
      return Promise.reject(new Error("this invocation's limit of D1 queries is used up"));
    queries.left -= count;
    return limit(perform);
  };
  const limited = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get(target, name) {
        if (name === BEHIND) return target;
        if (name === "bind") return (...values: unknown[]) => limited(target.bind(...values));
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return (...args: unknown[]) => send(1, async () => Reflect.apply(method, target, args));
      },
    });
  const database = new Proxy(db, {
    get(target, name) {
      if (name === "prepare") return (sql: string) => limited(target.prepare(sql));
      if (name === "batch") {
        return (statements: readonly D1PreparedStatement[]) =>
          send(statements.length, () =>
            target.batch(statements.map((statement) => Reflect.get(statement, BEHIND))),
          );
      }
      throw new Error(`${String(name)}() of D1 would escape its share of connections`);
    },
  });
  QUERIES.set(database, queries);
  return database;
}
