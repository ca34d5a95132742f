/** How wide the columns of a table are. */

export interface ColumnSize {
  /** The width of its widest cell. */
  readonly width: number;
  /** The column is left out rather than made narrower than this. */
  readonly min: number;
  /** Importance: 1 is the most important. The least important columns are narrowed first. */
  readonly rank: number;
  /** Never narrowed: if the others do not fit beside it, it goes below them. */
  readonly whole: boolean;
}

/**
 * Fits a table into a line.
 * @param gap between two columns
 * @returns the width of each column; 0 for those that are left out, or go below
 */
export function fitColumns(columns: readonly ColumnSize[], available: number, gap: number): number[] {
  const beside = fitWidths(
    columns.map((column) => (column.whole ? { ...column, min: column.width } : column)),
    available,
    gap,
  );
  if (!beside.includes(0)) return beside;
  const rest = fitWidths(
    columns.filter(({ whole }) => !whole),
    available,
    gap,
  );
  return columns.map(({ whole }) => (whole ? 0 : (rest.shift() ?? 0)));
}

/**
 * Narrows the least important columns first, and leaves out the least important ones if that is not enough. The most
 * important column always stays.
 */
function fitWidths(columns: readonly ColumnSize[], available: number, gap: number): number[] {
  const kept = columns
    .map(({ width, min, rank }, index) => ({ width, min: Math.min(width, min), rank, index }))
    .toSorted((a, b) => b.rank - a.rank || b.index - a.index);
  const total = (size: "width" | "min"): number =>
    kept.reduce((sum, column) => sum + column[size] + gap, -gap);
  while (kept.length > 1 && total("min") > available) kept.shift();

  const widths = columns.map(() => 0);
  let excess = Math.max(total("width") - available, 0);
  for (const { width, min, index } of kept) {
    const least = kept.length === 1 ? Math.min(min, available) : min;
    const narrowed = Math.max(width - excess, least);
    widths[index] = narrowed;
    excess -= width - narrowed;
  }
  return widths;
}
