/**
 * One page of a list in the order of `seq`, newest first. Filters that no index serves are applied to a bounded number of
 * rows: then the page may be short, and its cursor goes on behind them.
 */
import * as v from "valibot";
import { DEFAULT_LIMIT, MAX_LIMIT } from "../../api/page.ts";
import { firstSeq } from "../sql/seq.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { type Condition, given, type Page } from "./page.ts";

/** Rows that one query looks at. */
const WINDOW_ROWS = 2_500;
/** So many windows for one page: 10,000 rows, which D1 reads in some milliseconds. */
const WINDOWS = 4;

export interface WindowQuery<Item> {
  /** Its cursors name it, so that none serves another list. */
  readonly list: string;
  /** The table, and its alias in the conditions. */
  readonly from: readonly [table: string, alias: string];
  /** The columns of an item, and those of the filters. */
  readonly columns: string;
  /** What an index serves in the order of the list. */
  readonly along: readonly Condition[];
  /** What no index serves. */
  readonly filters: readonly Condition[];
  /** Instead of `along`. */
  readonly few?: Few | undefined;
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly schema: v.GenericSchema<unknown, Item>;
  readonly limit: string | undefined;
  readonly cursor: string | undefined;
}

/**
 * The rows that meet all conditions of any of these are few. They are read along their own indexes, and sorted. No row meets
 * two.
 */
export type Few = readonly {
  readonly conditions: readonly Condition[];
  /** The index, if SQLite would choose another one. */
  readonly index?: string;
}[];

/** A list without items. A cursor is of no use there. */
export const NOTHING = { items: [], next_cursor: null };

/** Numbers of rows are read and bound as text: JavaScript's are too short. */
const position = v.pipe(v.string(), v.regex(/^\d{1,19}$/));
const positionRow = v.object({ position });

interface Read<Item> {
  readonly position: string;
  readonly item: Item;
}

/**
 * Reads one page.
 * @throws CursorError
 */
export async function selectWindows<Item>(db: D1Database, query: WindowQuery<Item>): Promise<Page<Item>> {
  const { list, few, filters } = query;
  const limit = Math.min(Number(query.limit ?? DEFAULT_LIMIT), MAX_LIMIT);
  const walks = few === undefined && filters.length > 0;
  const rows: Read<Item>[] = [];
  let after = query.cursor === undefined ? undefined : readCursor(list, position, query.cursor);
  for (let windows = 1; ; windows++) {
    const most = limit + 1 - rows.length;
    rows.push(
      ...(few === undefined
        ? await readAlong(db, query, after, most)
        : await readFew(db, query, few, after, most)),
    );
    const more = rows.length > limit;
    if (!more) after = walks ? await endOfWindow(db, query, after) : undefined;
    if (more || after === undefined || windows === WINDOWS) {
      const last = more ? rows[limit - 1]?.position : after;
      return {
        items: rows.slice(0, limit).map(({ item }) => item),
        next_cursor: last === undefined ? null : writeCursor(list, last),
      };
    }
  }
}

/** Without filters, every row that is looked at is on the page. */
async function readAlong<Item>(
  db: D1Database,
  query: WindowQuery<Item>,
  after: string | undefined,
  most: number,
): Promise<Read<Item>[]> {
  const { columns, filters, from } = query;
  const [, alias] = from;
  const rows = filters.length === 0 ? most : WINDOW_ROWS;
  const window = windowOf(query, after, `${alias}.seq, ${columns}`, `LIMIT ${rows}`);
  // What a limited query gives stays in its order.
  const sql = `SELECT CAST(${alias}.seq AS TEXT) AS position, ${alias}.* FROM (${window.sql}) ${alias} ${whereOf(filters)} LIMIT ${most}`;
  return parse(query, [
    await db
      .prepare(sql)
      .bind(...window.bound, ...valuesOf(filters))
      .all(),
  ]);
}

/** @returns the last row of the window that begins behind a row; undefined if the list ends in it */
async function endOfWindow(
  db: D1Database,
  query: WindowQuery<unknown>,
  after: string | undefined,
): Promise<string | undefined> {
  const [, alias] = query.from;
  const column = `CAST(${alias}.seq AS TEXT) AS position`;
  const { sql, bound } = windowOf(query, after, column, `LIMIT 1 OFFSET ${WINDOW_ROWS - 1}`);
  const { results } = await db
    .prepare(sql)
    .bind(...bound)
    .all();
  return v.parse(v.array(positionRow), results)[0]?.position;
}

function windowOf(query: WindowQuery<unknown>, after: string | undefined, columns: string, limit: string) {
  const [table, alias] = query.from;
  const conditions = [...query.along, ...placesOf(query, after)];
  const sql = `SELECT ${columns} FROM ${table} ${alias} ${whereOf(conditions)} ORDER BY ${alias}.seq DESC ${limit}`;
  return { sql, bound: valuesOf(conditions) };
}

async function readFew<Item>(
  db: D1Database,
  query: WindowQuery<Item>,
  few: Few,
  after: string | undefined,
  most: number,
): Promise<Read<Item>[]> {
  const [table, alias] = query.from;
  const statements = few.map(({ conditions: narrow, index }) => {
    // A unary plus keeps SQLite from reading along the order instead.
    const places = placesOf(query, after).map(([sql, value]): Condition => [`+${sql}`, value]);
    const conditions = [...narrow, ...query.filters, ...places];
    const columns = `CAST(${alias}.seq AS TEXT) AS position, ${query.columns}`;
    const sql = `SELECT ${columns} FROM ${table} ${alias} ${index === undefined ? "" : `INDEXED BY ${index}`} ${whereOf(conditions)} ORDER BY +${alias}.seq DESC LIMIT ${most}`;
    return db.prepare(sql).bind(...valuesOf(conditions));
  });
  const rows = parse(query, statements.length === 0 ? [] : await db.batch(statements));
  return rows.toSorted((a, b) => (BigInt(a.position) < BigInt(b.position) ? 1 : -1)).slice(0, most);
}

/** Where in the order of the list the page is. */
function placesOf({ from, since, until }: WindowQuery<unknown>, after: string | undefined): Condition[] {
  const seq = `${from[1]}.seq`;
  return [
    ...given(`${seq} < CAST(? AS INTEGER)`, after),
    ...given(`${seq} >= CAST(? AS INTEGER)`, since === undefined ? undefined : firstSeq(since)),
    ...given(`${seq} < CAST(? AS INTEGER)`, until === undefined ? undefined : firstSeq(until)),
  ];
}

function parse<Item>({ schema }: WindowQuery<Item>, read: readonly D1Result[]): Read<Item>[] {
  return read.flatMap(({ results }) =>
    results.map((row) => ({ position: v.parse(positionRow, row).position, item: v.parse(schema, row) })),
  );
}

const whereOf = (conditions: readonly Condition[]): string =>
  conditions.length === 0 ? "" : `WHERE ${conditions.map(([sql]) => sql).join(" AND ")}`;

const valuesOf = (conditions: readonly Condition[]): readonly (string | number)[] =>
  conditions.map(([, value]) => value);
