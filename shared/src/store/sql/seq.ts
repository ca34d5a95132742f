/**
 * Numbers of rows that begin with a time: `seq`, the key of a table that is read in the order of time. The table is its own
 * index by time, and every other index of it is in that order too.
 */

/** Rows of one millisecond that can be told apart. */
const ROWS_PER_MS = 1_000_000;

/** The first number of a time. @param time expression of a text `YYYY-MM-DDTHH:MM:SS.sssZ` */
export const firstSeqOf = (time: string): string =>
  `(unixepoch(${time}) * 1000 + CAST(substr(${time}, 21, 3) AS INTEGER)) * ${ROWS_PER_MS}`;

/** The same of a time that is known here, as text: JavaScript's numbers are too short. */
export const firstSeq = (time: string): string => `${BigInt(Date.parse(time)) * BigInt(ROWS_PER_MS)}`;

/**
 * The number of a new row: after all of its millisecond.
 * @param key expression of a number that no other row of the statement has
 */
export const nextSeqOf = (table: string, time: string, key: string): string => `
  max(${firstSeqOf(time)},
      coalesce((SELECT max(n.seq) FROM ${table} n WHERE n.seq < ${firstSeqOf(time)} + ${ROWS_PER_MS}), 0) + 1) + ${key}`;

/** The number of a row that had another key before. @param key expression of that number */
export const seqFrom = (time: string, key: string): string => `${firstSeqOf(time)} + ${key} % ${ROWS_PER_MS}`;
