/** One page of a list, newest first. A cursor names the last row of the page before, so that pages never overlap. */
import * as v from "valibot";
import { DEFAULT_LIMIT, MAX_LIMIT } from "../api/page.ts";

export interface Page<Item> {
  readonly items: Item[];
  readonly next_cursor: string | null;
}

/** The cursor was not made by this gateway, or not for this list. */
export class CursorError extends Error {
  override readonly name = "CursorError";
}

/** A condition on the rows: `?` stands for the value. */
export type Condition = readonly [sql: string, value: string | number];

export interface PageQuery<Item> {
  /** Columns and tables: everything before `WHERE`. */
  readonly select: string;
  readonly conditions: readonly Condition[];
  /** The column of the time that the list is ordered by, and the column that tells rows of one time apart. */
  readonly order: readonly [time: string, id: string];
  /** Both of an item, for its cursor. */
  readonly keyOf: (item: Item) => readonly [time: string, id: string];
  readonly schema: v.GenericSchema<unknown, Item>;
  readonly limit?: string | undefined;
  readonly cursor?: string | undefined;
}

/**
 * Reads one page.
 * @throws CursorError
 */
export async function selectPage<Item>(db: D1Database, query: PageQuery<Item>): Promise<Page<Item>> {
  const limit = Math.min(Number(query.limit ?? DEFAULT_LIMIT), MAX_LIMIT);
  const [time, id] = query.order;
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor);
  const where = [
    ...query.conditions.map(([sql]) => sql),
    ...(after === undefined ? [] : [`(${time}, ${id}) < (?, ?)`]),
  ];
  const bound = [...query.conditions.map(([, value]) => value), ...(after ?? [])];
  const sql = `${query.select} ${where.length === 0 ? "" : `WHERE ${where.join(" AND ")}`}
    ORDER BY ${time} DESC, ${id} DESC LIMIT ${limit + 1}`;
  const { results } = await db
    .prepare(sql)
    .bind(...bound)
    .all();
  const items = v.parse(v.array(query.schema), results);
  const last = items.length > limit ? items[limit - 1] : undefined;
  return {
    items: items.slice(0, limit),
    next_cursor: last === undefined ? null : writeCursor(query.keyOf(last)),
  };
}

/** A condition where there is a value for it. */
export const given = (sql: string, value: string | number | undefined): readonly Condition[] =>
  value === undefined ? [] : [[sql, value]];

/** Times are compared as the text that they are stored as. */
export const givenTime = (sql: string, value: string | undefined): readonly Condition[] =>
  given(sql, value === undefined ? undefined : new Date(value).toISOString());

const cursorKey = v.pipe(v.string(), v.parseJson(), v.tuple([v.string(), v.string()]));

function readCursor(cursor: string): readonly [string, string] {
  try {
    const bytes = Uint8Array.from(atob(cursor.replaceAll("-", "+").replaceAll("_", "/")), (c) =>
      c.charCodeAt(0),
    );
    return v.parse(cursorKey, new TextDecoder().decode(bytes));
  } catch {
    throw new CursorError("the cursor is none of this list");
  }
}

function writeCursor(key: readonly [string, string]): string {
  const bytes = new TextEncoder().encode(JSON.stringify(key));
  const binary = String.fromCharCode(...bytes);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
