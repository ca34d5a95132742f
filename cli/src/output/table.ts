/** Tables that fit the terminal. */
import textWidth from "fast-string-width";
import { wrapAnsi } from "fast-wrap-ansi";
import { fitColumns } from "./fit.ts";
import { plainText } from "./plain-text.ts";
import { shortenText } from "./shorten.ts";
import type { Screen, Style } from "./terminal.ts";

export interface Column<Row> {
  readonly head: string;
  /** Text from outside is made safe in the table. */
  readonly cell: (row: Row) => string | number | null;
  /** Importance: 1 is the most important. If there is too little room, the least important are shortened first. */
  readonly rank: number;
  /** It is left out rather than shortened to less (default 8). */
  readonly min?: number;
  /** Its text continues on the next line instead of being shortened. */
  readonly wrap?: boolean;
  /** Never shortened: if the row does not fit with it, it gets its own line below. */
  readonly whole?: boolean;
  readonly style?: (row: Row) => Style | undefined;
}

const GAP = 2;
const DEFAULT_MIN = 8;

/** Lays out rows below a line of heads; without that line if no column has a head. */
export function tableLines<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  screen: Screen,
): string[] {
  const cells = columns.map((column) => ({
    column,
    texts: rows.map((row) => plainText(String(column.cell(row) ?? "-"))),
  }));
  const sizes = cells.map(({ column: { head, rank, min = DEFAULT_MIN, whole = false }, texts }) => {
    return { width: Math.max(...[head, ...texts].map((text) => textWidth(text))), min, rank, whole };
  });
  const widths = fitColumns(sizes, screen.width, GAP);
  const fitted = cells.map((cell, index) => ({ ...cell, width: widths[index] ?? 0 }));
  const beside = fitted.filter(({ width }) => width > 0);
  const below = fitted.filter(({ column, width }) => column.whole === true && width === 0);

  const heads = beside.map(({ column, width }) => ({
    width,
    lines: [screen.style("bold", shortenText(column.head, width))],
  }));
  const headed = columns.some(({ head }) => head !== "");
  return [
    ...(headed ? rowLines(heads) : []),
    ...rows.flatMap((row, index) => [
      ...rowLines(
        beside.map(({ column, texts, width }) => {
          const text = texts[index] ?? "";
          const style = column.style?.(row);
          const lines = column.wrap === true ? wrapText(text, width) : [shortenText(text, width)];
          return { width, lines: lines.map((line) => (style ? screen.style(style, line) : line)) };
        }),
      ),
      ...below.map(({ texts }) => `  ${screen.style("dim", texts[index] ?? "")}`),
    ]),
  ];
}

interface Cell {
  readonly width: number;
  readonly lines: readonly string[];
}

/** Sets the cells of one row beside each other. */
function rowLines(cells: readonly Cell[]): string[] {
  const height = Math.max(...cells.map(({ lines }) => lines.length));
  return Array.from({ length: height }, (_, index) =>
    cells
      .map(({ lines, width }) => padText(lines[index] ?? "", width + GAP))
      .join("")
      .trimEnd(),
  );
}

const padText = (text: string, width: number): string =>
  text + " ".repeat(Math.max(width - textWidth(text), 0));

/**
 * Breaks a text into lines of at most so many columns, between words if possible.
 * @param width 2 at least, for a wide character
 */
export const wrapText = (text: string, width: number): string[] =>
  wrapAnsi(text, width, { hard: true }).split("\n");

export type Field = readonly [name: string, value: string | number | null];

/** Lays out names with their values, which are never shortened. Fields without a value are left out. */
export function fieldLines(fields: readonly Field[], screen: Screen): string[] {
  return tableLines(
    fields.filter(([, value]) => value !== null),
    [
      { head: "", cell: ([name]) => name, rank: 1, min: 4, style: () => "bold" },
      { head: "", cell: ([, value]) => value, rank: 2, min: 10, wrap: true },
    ],
    screen,
  );
}
