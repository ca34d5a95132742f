/** Inserting the rows of one JSON parameter. */

/** The time of the decision. */
export const NOW = "value->>'now'";

/**
 * Inserts rows.
 * @param columns names of columns that are named as in the row
 * @param others expressions of all other columns
 */
export function insert(
  table: string,
  columns: readonly string[],
  others: Readonly<Record<string, string>>,
): string {
  const values = [...columns.map((column) => `value->>'${column}'`), ...Object.values(others)];
  return `
  INSERT INTO ${table} (${[...columns, ...Object.keys(others)].join(", ")})
  SELECT ${values.join(", ")} FROM json_each(?1) WHERE true`;
}
