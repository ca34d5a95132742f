/** A statement behind a limited one. */
const BEHIND = Symbol("behind");

/** Performs something when it is its turn. */
type Limit = <Result>(perform: () => Promise<Result>) => Promise<Result>;

/** D1 of which each round trip waits for its turn. */
export function limitedDatabase(db: D1Database, limit: Limit): D1Database {
  const limited = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get(target, name) {
        if (name === BEHIND) return target;
        if (name === "bind") return (...values: unknown[]) => limited(target.bind(...values));
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return (...args: unknown[]) => limit(async () => Reflect.apply(method, target, args));
      },
    });
  return new Proxy(db, {
    get(target, name) {
      if (name === "prepare") return (sql: string) => limited(target.prepare(sql));
      if (name === "batch") {
        return (statements: readonly D1PreparedStatement[]) =>
          limit(() => target.batch(statements.map((statement) => Reflect.get(statement, BEHIND))));
      }
      throw new Error(`${String(name)}() of D1 would escape its share of connections`);
    },
  });
}
