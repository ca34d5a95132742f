import { stripVTControlCharacters } from "node:util";
import textWidth from "fast-string-width";
import { expect, test } from "vitest";
import { amount } from "../../../test/support/amount.ts";
import fc from "../../../test/support/fast-check.ts";
import { shortenText } from "../../src/output/shorten.ts";
import { type Column, fieldLines, tableLines, wrapText } from "../../src/output/table.ts";
import { plainScreen } from "../support/screen.ts";

interface Row {
  readonly id: string;
  readonly state: string;
  readonly error: string;
}

const ID = "186853002-pr-12-6dcb09b5b57875f334f61aebed695e2e4193db5e-1";
const COLUMNS: readonly Column<Row>[] = [
  { head: "STATE", cell: ({ state }) => state, rank: 1 },
  { head: "ERROR", cell: ({ error }) => error, rank: 3, min: 10 },
  { head: "ID", cell: ({ id }) => id, rank: 2, whole: true },
];
const ROW: Row = { id: ID, state: "dead", error: "the server is on fire, and has been for a while" };

test("shows everything if there is room", () => {
  expect(tableLines([ROW], COLUMNS, plainScreen(200))).toEqual([
    `STATE  ERROR${" ".repeat(44)}ID`,
    `dead   ${ROW.error}  ${ID}`,
  ]);
});

test("shortens the least important column first", () => {
  expect(tableLines([ROW], COLUMNS, plainScreen(90))[1]).toBe(`dead   the server is on fire,…  ${ID}`);
});

test("gives an id its own line rather than shortening it", () => {
  expect(tableLines([ROW], COLUMNS, plainScreen(50))).toEqual([
    "STATE  ERROR",
    "dead   the server is on fire, and has been for a …",
    `  ${ID}`,
  ]);
});

test("leaves out the least important column if there is no room for it", () => {
  const columns: Column<Row>[] = [
    { head: "STATE", cell: ({ state }) => state, rank: 1, min: 4 },
    { head: "ERROR", cell: ({ error }) => error, rank: 2, min: 30 },
  ];

  expect(tableLines([ROW], columns, plainScreen(20))).toEqual(["STATE", "dead"]);
});

test("wraps a column that must not be shortened", () => {
  const columns: Column<Row>[] = [
    { head: "STATE", cell: ({ state }) => state, rank: 2 },
    { head: "ERROR", cell: ({ error }) => error, rank: 1, min: 20, wrap: true },
  ];

  expect(tableLines([ROW], columns, plainScreen(30))).toEqual([
    "STATE  ERROR",
    "dead   the server is on fire,",
    "       and has been for a",
    "       while",
  ]);
});

const redScreen = (width: number) => ({
  ...plainScreen(width),
  style: (_: string, text: string) => `\u001b[31m${text}\u001b[39m`,
});

test("removes the escape sequences of a cell", () => {
  const columns: Column<string>[] = [{ head: "A", cell: (text) => text, rank: 1, style: () => "red" }];

  const lines = tableLines(["\u001b[2Jx\u202ey\nz"], columns, redScreen(80));

  expect(lines).toEqual(["\u001b[31mA\u001b[39m", "\u001b[31mxy z\u001b[39m"]);
});

test("does not count styles as width", () => {
  const columns: Column<string>[] = [
    { head: "A", cell: (text) => text, rank: 2, min: 4, style: () => "red" },
    { head: "B", cell: () => "end", rank: 1 },
  ];

  const [, line = ""] = tableLines(["a long text that is shortened"], columns, redScreen(15));

  expect(stripVTControlCharacters(line)).toBe("a long te…  end");
  expect(line).toContain("\u001b[39m");
});

test("shows a dash for a missing value", () => {
  const columns: Column<null>[] = [{ head: "A", cell: (none) => none, rank: 1 }];

  expect(tableLines([null], columns, plainScreen(80))).toEqual(["A", "-"]);
});

test("lays out fields, without those that have no value", () => {
  const lines = fieldLines(
    [
      ["state", "dead"],
      ["error", null],
      ["attempts", 0],
    ],
    plainScreen(80),
  );

  expect(lines).toEqual(["state     dead", "attempts  0"]);
});

test("measures wide and combining characters as a terminal shows them", () => {
  expect(textWidth("abc")).toBe(3);
  expect(textWidth("漢字")).toBe(4);
  expect(textWidth("e\u0301")).toBe(1);
});

test("shortens characters outside the basic plane beside wide ones to what fits", () => {
  const columns: Column<readonly string[]>[] = [
    { head: "A", cell: ([text]) => text ?? "", rank: 2, min: 4 },
    { head: "B", cell: ([, text]) => text ?? "", rank: 1 },
  ];

  expect(tableLines([["漢漢\u{10000}\u{10000}", "0123456789"]], columns, plainScreen(17))[1]).toBe(
    "漢漢…  0123456789",
  );
});

const words = fc.string({
  unit: fc.oneof(
    fc.constantFrom(" ", "a", "漢", "👩‍💻", "e\u0301", "\u001b[31m"),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
  ),
  maxLength: 60,
});

test("is never wider than the terminal, whatever the cells hold", () => {
  const columns: readonly Column<readonly string[]>[] = [
    { head: "ONE", cell: ([text]) => text ?? "", rank: 3 },
    { head: "TWO", cell: ([, text]) => text ?? "", rank: 1, min: 4 },
    { head: "THREE", cell: ([, , text]) => text ?? "", rank: 2, min: 12, wrap: true },
  ];
  const rows = fc.array(fc.tuple(words, words, words), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 20, max: 120 }), (cells, width) => {
      for (const line of tableLines(cells, columns, plainScreen(width))) {
        expect(textWidth(line)).toBeLessThanOrEqual(width);
      }
    }),
    { numRuns: amount(60) },
  );
});

test("shortens a text to a prefix that fits", () => {
  fc.assert(
    fc.property(words, fc.integer({ min: 1, max: 30 }), (given, width) => {
      const text = stripVTControlCharacters(given);
      const short = shortenText(text, width);
      expect(textWidth(short)).toBeLessThanOrEqual(width);
      expect(short === text || text.startsWith(short.replace(/…$/u, ""))).toBe(true);
    }),
  );
});

test("wraps without losing a character", () => {
  const text = fc.string({ unit: fc.constantFrom(" ", "a", "b", "漢"), maxLength: 80 });
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 30 }), (line, width) => {
      const wrapped = wrapText(line, width);
      expect(wrapped.join("").replaceAll(" ", "")).toBe(line.replaceAll(" ", ""));
      for (const part of wrapped) expect(textWidth(part)).toBeLessThanOrEqual(width);
    }),
  );
});
