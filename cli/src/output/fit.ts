/** How wide the columns of a table may be. */

export interface Wanted {
  /** What its widest cell takes. */
  readonly width: number;
  /** It is not shortened to less, but left out. */
  readonly min: number;
  /** Importance: 1 is the most important. The least important are shortened first. */
  readonly rank: number;
  /** Never shortened: where the others do not fit beside it, it goes below. */
  readonly whole: boolean;
}

/**
 * Fits a table into a line.
 * @param gap between two columns
 * @returns the width of each column; 0 for those that are left out, or go below
 */
export function fitColumns(columns: readonly Wanted[], available: number, gap: number): number[] {
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
 * Fits columns into a line: shortens them to their least width, the least important first, and leaves out the least
 * important where that is not enough. The most important one always stays.
 */
function fitWidths(columns: readonly Wanted[], available: number, gap: number): number[] {
  const widths = columns.map(() => 0);
  const kept = keepColumns(columns, available, gap);
  const naturals = kept.map(({ width }) => width);
  let excess = totalWidth(naturals, gap) - available;
  for (const { width, min, index } of kept) {
    const shortened =
      kept.length === 1 ? Math.min(width, available) : Math.max(width - excess, least(width, min));
    widths[index] = Math.min(width, shortened);
    excess = Math.max(excess - (width - shortened), 0);
  }
  return widths;
}

/** @returns the columns that there is room for, the least important first */
function keepColumns(columns: readonly Wanted[], available: number, gap: number) {
  const kept = columns
    .map((column, index) => ({ ...column, index }))
    .toSorted((a, b) => b.rank - a.rank || b.index - a.index);
  const minimum = (): number =>
    totalWidth(
      kept.map(({ width, min }) => least(width, min)),
      gap,
    );
  while (kept.length > 1 && minimum() > available) kept.shift();
  return kept;
}

const totalWidth = (widths: readonly number[], gap: number): number =>
  widths.reduce((sum, width) => sum + width, 0) + gap * (widths.length - 1);

const least = (width: number, min: number): number => Math.min(width, min);
