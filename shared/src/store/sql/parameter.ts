/**
 * A parameter whose value SQLite does not use to plan a statement. With workerd's SQLite, a statement is compiled anew
 * whenever a limit, or text that a column is compared with, is bound anew. Large statements take longer to compile than to
 * run: 0.6 ms to read claimed reports.
 */
export const unplanned = (parameter: string): string => `(SELECT ${parameter})`;
