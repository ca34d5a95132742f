import { expect, test } from "vitest";
import { anyText } from "../../../test/support/any-text.ts";
import fc from "../../../test/support/fast-check.ts";
import { escapeJson, plainLines, plainText, safeJson } from "../../src/output/plain-text.ts";

test.each([
  ["a color", "\u001b[31mred\u001b[0m", "red"],
  ["a cleared screen", "a\u001b[2J\u001b[Hb", "ab"],
  ["a window title", "a\u001b]0;owned\u0007b", "ab"],
  ["a link", "\u001b]8;;https://evil.example\u001b\\text\u001b]8;;\u001b\\", "text"],
  ["an escape within an escape", "\u001b\u001b[31m[31mx", "[31mx"],
  ["an 8-bit escape", "a\u009b31mb", "ab"],
  ["a bell and a backspace", "a\u0007b\u0008c", "abc"],
  ["a turned direction", "abc\u202efdp.exe\u202c", "abcfdp.exe"],
  ["isolates and marks", "\u2066a\u2069\u200e\u200f\u061cb", "ab"],
  ["invisible characters", "a\u200bb\ufeffc\u00add\u{e0041}e", "abcde"],
  ["line ends", "a\r\nb\nc\u2028d", "a b c d"],
  ["a tab", "a\tb", "a b"],
  ["half of a character", "a\ud83dx", "a\ufffdx"],
  ["ordinary words", "naïve 漢字 👩‍💻 می‌خواهم", "naïve 漢字 👩‍💻 می‌خواهم"],
])("removes what a terminal would obey: %s", (_, text, plain) => {
  expect(plainText(text)).toBe(plain);
});

const anything = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      "\u001b",
      "[",
      "]",
      "3",
      "m",
      ";",
      "\u0007",
      "\u009b",
      "\u202e",
      "\n",
      "\r",
      "\u2029",
      " ",
    ),
    anyText({ minLength: 1, maxLength: 1 }),
  ),
});

test("leaves nothing that controls a terminal, whatever the text", () => {
  fc.assert(
    fc.property(anything, (text) => {
      for (const line of [plainText(text), ...plainLines(text)]) {
        expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f]/u);
      }
    }),
  );
});

test("keeps lines apart", () => {
  expect(plainLines("one\u001b[1m\r\ntwo\u0007\n\nfour")).toEqual(["one", "two", "", "four"]);
});

test("keeps the meaning of JSON, in characters that control nothing", () => {
  fc.assert(
    fc.property(anything, (text) => {
      const json = safeJson({ text });
      expect(json).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
      expect(JSON.parse(json)).toEqual({ text });
      expect(escapeJson(json)).toBe(json);
    }),
  );
});
