/** Queries for the rows of keys, several in one round trip. */

export type Rows = readonly Record<string, unknown>[];

export interface Lookup {
  readonly sql: string;
  /** One list for each parameter, which is bound to it as JSON. */
  readonly keys: readonly (readonly unknown[])[];
}

/**
 * Looks up rows in one round trip. A lookup without any keys finds nothing, and is left out: D1 takes its time for every
 * statement, and counts it (https://developers.cloudflare.com/d1/platform/limits/).
 * @returns the rows of each
 */
export async function lookUp(db: D1Database, lookups: readonly Lookup[]): Promise<readonly Rows[]> {
  const asked = lookups.filter(({ keys }) => keys.some(({ length }) => length > 0));
  if (asked.length === 0) return lookups.map(() => []);
  const results = await db.batch<Record<string, unknown>>(
    asked.map(({ sql, keys }) => db.prepare(sql).bind(...keys.map((list) => JSON.stringify(list)))),
  );
  return lookups.map((lookup) => results[asked.indexOf(lookup)]?.results ?? []);
}
