import { cutWithMark, endOfText, plainLine, plainText } from "@webhook-gateway/shared/text/plain.ts";
import { describe, expect, test } from "vitest";
import fc from "../../../test/support/fast-check.ts";
import { bytesOf, hostile } from "./support.ts";

describe("plain text", () => {
  test.each([
    ["a color", "\u001b[1;31mred\u001b[0m", "red"],
    ["a color in 8 bits", "\u009b31mred\u009b0m", "red"],
    ["a link", "\u001b]8;;https://e.example\u001b\\text\u001b]8;;\u001b\\", "text"],
    ["a window title", "\u001b]0;title\u0007text", "text"],
    ["a device control string", "\u001bPq#0\u001b\\text", "text"],
    ["a character set", "\u001b(Btext\u001b[?25h\u001b7", "text"],
    ["what is left of an escape", "\u001b\u001b[31m\u001b", ""],
    ["an escape put together from two", "\u001b\u001b[0m[31mred", "[31mred"],
    ["controls", "a\u0000b\u0007c\u007fd\u0085e\bf", "abcdef"],
    ["a progress line", "10%\r50%\r100%\ndone", "100%\ndone"],
    ["a progress line that goes back at its end", "10%\r100%\r\nnext", "100%\nnext"],
    ["line ends of Windows", "a\r\nb\r\r\nc\r\n", "a\nb\nc\n"],
    ["line ends of Unicode", "a\u2028b\u2029c", "a\nb\nc"],
    ["tabs, kept", "a\tb", "a\tb"],
    ["text that is turned round", "\u202egnp.exe\u202c \u2066x\u2069 \u200e\u061c", "gnp.exe x "],
    ["characters without width", "a\u200bb\u200dc\ufeffd\u2060e\u00adf\u{e0041}g\u3164h", "abcdefgh"],
    ["lone surrogates", "a\ud83eb\uddeac", "a\ufffdb\ufffdc"],
    ["other scripts, kept", "漢字 🧪 é נכון", "漢字 🧪 é נכון"],
  ])("is what is left of %s", (_, text, expected) => {
    expect(plainText(text)).toBe(expected);
  });

  test("has nothing unseen, and stays as it is", () => {
    fc.assert(
      fc.property(hostile(), (text) => {
        const plain = plainText(text);
        expect(plain).not.toMatch(/[\p{Cf}\u2028\u2029]|(?![\n\t])\p{Cc}/u);
        expect(plain.isWellFormed()).toBe(true);
        expect(plainText(plain)).toBe(plain);
      }),
    );
  });

  test.each(["\r", "\u001b", "\u001b]", "\u001b[", "\u009d", "\u001bP", "\u001b[1", "\n"])(
    "of a million characters ends within the test's time: %j",
    (piece) => {
      const text = piece.repeat(Math.ceil(1e6 / piece.length));
      // It takes some 100 ms; were it quadratic, it would take minutes.
      expect(plainText(text).length).toBeLessThanOrEqual(text.length);
    },
  );
});

test.each([
  ["a\nb\r\n c\t d ", 20, "a b c d"],
  ["x".repeat(30), 10, "xxxxxxx…"],
  ["🧪🧪🧪", 10, "🧪…"],
  ["one two", 7, "one two"],
  ["one two three", 7, "one…"],
  [" \u200b\n", 10, ""],
])("the line of %j in %i bytes", (text, maxBytes, expected) => {
  expect(plainLine(text, maxBytes)).toBe(expected);
});

test.each([
  ["abc", 5, "abc"],
  ["abc", 2, "bc"],
  ["éa", 2, "a"],
  ["a🧪🧪", 5, "🧪"],
  ["\ufeffa", 4, "\ufeffa"],
  ["abc", 0, ""],
])("the end of %j in %i bytes", (text, maxBytes, expected) => {
  expect(endOfText(text, maxBytes)).toBe(expected);
});

test("what is cut fits, and no character is cut in two", () => {
  fc.assert(
    fc.property(hostile(), fc.integer({ min: 3, max: 60 }), (text, maxBytes) => {
      const plain = plainText(text);
      for (const cut of [
        cutWithMark(plain, maxBytes),
        plainLine(text, maxBytes),
        endOfText(plain, maxBytes),
      ]) {
        expect(bytesOf(cut)).toBeLessThanOrEqual(maxBytes);
        expect(cut.isWellFormed()).toBe(true);
      }
      expect(plain.endsWith(endOfText(plain, maxBytes))).toBe(true);
    }),
  );
});
