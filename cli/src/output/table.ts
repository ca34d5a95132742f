/** Tables that fit the terminal. */
import Table from "cli-table3";
import { fitColumns } from "./fit.ts";
import { plainText } from "./plain-text.ts";
import type { Screen, Style } from "./terminal.ts";
import { textWidth } from "./text-width.ts";
import { shortenText, wrapText } from "./wrap.ts";

export interface Column<Row> {
  readonly head: string;
  /** Text from outside is made safe here. */
  readonly cell: (row: Row) => string | number | null;
  /** Importance: 1 is the most important. Where room is short, the least important are shortened first. */
  readonly rank: number;
  /** It is not shortened to less (default 8). */
  readonly min?: number;
  /** Its text goes on in a next line instead of being shortened. */
  readonly wrap?: boolean;
  /** Never shortened: where the row does not fit with it, it gets a line of its own below. */
  readonly whole?: boolean;
  readonly style?: (row: Row) => Style | undefined;
}

const GAP = 2;
const DEFAULT_MIN = 8;
const NO_LINES = Object.fromEntries(
  ["top", "bottom", "left", "right", "mid"]
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .concat("mid-mid", "middle")
    .map((name) => [name, ""]),
);

/** Lays out rows below a line of heads; without one where no column has a head. */
export function tableLines<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  screen: Screen,
): string[] {
  const cells = columns.map((column) => ({
    column,
    texts: rows.map((row) => plainText(String(column.cell(row) ?? "-"))),
  }));
  const wanted = cells.map(({ column: { head, rank, min = DEFAULT_MIN, whole = false }, texts }) => {
    return { width: Math.max(...[head, ...texts].map(textWidth)), min, rank, whole };
  });
  const widths = fitColumns(wanted, screen.width, GAP);
  const fitted = cells.map((cell, index) => ({ ...cell, width: widths[index] ?? 0 }));
  const beside = fitted.filter(({ width }) => width > 0);
  const below = fitted.filter(({ column, width }) => column.whole === true && width === 0);

  const draw = (row: string[]): string[] =>
    drawRow(
      row,
      beside.map(({ width }) => width),
    );
  const heads = beside.map(({ column, width }) => screen.style("bold", shortenText(column.head, width)));
  const headed = columns.some(({ head }) => head !== "");
  return [
    ...(headed ? draw(heads) : []),
    ...rows.flatMap((row, index) => [
      ...draw(
        beside.map(({ column, texts, width }) => {
          const text = texts[index] ?? "";
          const style = column.style?.(row);
          const lines = column.wrap === true ? wrapText(text, width) : [shortenText(text, width)];
          return lines.map((line) => (style === undefined ? line : screen.style(style, line))).join("\n");
        }),
      ),
      ...below.map(({ texts }) => `  ${screen.style("dim", texts[index] ?? "")}`),
    ]),
  ];
}

/** Pads the cells of one row. */
function drawRow(cells: string[], widths: readonly number[]): string[] {
  const table = new Table({
    chars: NO_LINES,
    colWidths: widths.map((width) => width + GAP),
    style: { head: [], border: [], "padding-left": 0, "padding-right": GAP },
  });
  table.push(cells);
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
}

export type Field = readonly [name: string, value: string | number | null];

/** Lays out names with their values, each value as long as it is; those without a value are left out. */
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
