/** One page of a list, newest first. A cursor names the last row of the page before, so that pages never overlap. */
import * as v from "valibot";
import { DEFAULT_LIMIT, MAX_LIMIT } from "../../api/page.ts";
import { readCursor, writeCursor } from "./cursor.ts";

export interface Page<Item> {
  readonly items: Item[];
  readonly next_cursor: string | null;
}

/** A condition on the rows: `?` stands for the value. */
export type Condition = readonly [sql: string, value: string | number];

export interface PageQuery<Item> {
  /** Its cursors name it, so that none serves another list. */
  readonly list: string;
  /** Columns and tables: everything before `WHERE`. Of several tables, each is read along its own index. */
  readonly select: string | readonly string[];
  readonly conditions: readonly Condition[];
  /** The column of the time that the list is ordered by, and the column that tells rows of one time apart. */
  readonly order: readonly [time: string, id: string];
  /** Both of an item, for its cursor. */
  readonly keyOf: (item: Item) => Key;
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
  const read = await db.batch(statementsOf(db, query, limit + 1));
  const rows = read.flatMap(({ results }) => v.parse(v.array(query.schema), results));
  // What was read along one index is in order already.
  const items =
    read.length === 1 ? rows : rows.toSorted((a, b) => compareKeys(query.keyOf(b), query.keyOf(a)));
  const last = items.length > limit ? items[limit - 1] : undefined;
  return {
    items: items.slice(0, limit),
    next_cursor: last === undefined ? null : writeCursor(query.list, query.keyOf(last)),
  };
}

function statementsOf<Item>(db: D1Database, query: PageQuery<Item>, limit: number): D1PreparedStatement[] {
  const { select, conditions, order, list, cursor } = query;
  const [time, id] = order;
  const after = cursor === undefined ? [] : readCursor(list, cursorKey, cursor);
  const where = [
    ...conditions.map(([sql]) => sql),
    ...(cursor === undefined ? [] : [`(${time}, ${id}) < (?, ?)`]),
  ];
  const rest = ` ${where.length === 0 ? "" : `WHERE ${where.join(" AND ")}`}
    ORDER BY ${time} DESC, ${id} DESC LIMIT ${limit}`;
  return [select]
    .flat()
    .map((from) => db.prepare(from + rest).bind(...conditions.map(([, value]) => value), ...after));
}

type Key = readonly [time: string, id: string];

/** As SQLite orders by time, then by id. */
export function compareKeys([time, id]: Key, [otherTime, otherId]: Key): number {
  if (time !== otherTime) return time < otherTime ? -1 : 1;
  return id < otherId ? -1 : Number(id > otherId);
}

/** A condition if there is a value for it. */
export const given = (sql: string, value: string | number | undefined): readonly Condition[] =>
  value === undefined ? [] : [[sql, value]];

/**
 * Keeps SQLite, which knows nothing of how many rows a condition leaves, from the index of one that is likely to leave
 * more than another (a unary plus does, and changes nothing else).
 */
export const leading = (sql: string, leads: boolean): string => (leads ? sql : `+${sql}`);

/** Times are compared as the text that they are stored as. */
export const givenTime = (sql: string, value: string | undefined): readonly Condition[] =>
  given(sql, value === undefined ? undefined : new Date(value).toISOString());

const cursorKey = v.strictTuple([v.string(), v.string()]);
