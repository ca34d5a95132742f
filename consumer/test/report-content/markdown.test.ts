import { plainLine, plainText } from "@webhook-gateway/shared/text/plain.ts";
import { describe, expect, test } from "vitest";
import { amount } from "../../../test/support/amount.ts";
import fc from "../../../test/support/fast-check.ts";
import { codeBlock, codeCell, codeSpan, FENCE_BYTES, link } from "../../src/report/markdown.ts";
import { bytesOf, hostile, withoutCode } from "./support.ts";

test.each([
  ["lint", "`lint`"],
  ["a`b", "``a`b``"],
  ["`a`", "`` `a` ``"],
  ["a``b`c", "```a``b`c```"],
  ["<b>@everyone #1</b>", "`<b>@everyone #1</b>`"],
])("the code span of %j", (line, expected) => {
  expect(codeSpan(line)).toBe(expected);
});

test.each([
  ["a|b", "`a\\|b`"],
  ["a\\|b", "`a\\ \\|b`"],
  ["a\\\\|b", "`a\\\\ \\|b`"],
  ["|", "`\\|`"],
  ["a\\", "`a\\`"],
])("the code span of %j in a table", (line, expected) => {
  expect(codeCell(line)).toBe(expected);
});

describe("a code block", () => {
  test.each([
    ["a\nb\n\n", "```\na\nb\n```"],
    ["a\n```\nb", "````\na\n```\nb\n````"],
    ["~~~\n  indented", "```\n~~~\n  indented\n```"],
  ])("of %j", (text, expected) => {
    expect(codeBlock(text)).toBe(expected);
  });

  test("has a fence that every parser counts to its end", () => {
    const block = codeBlock("`".repeat(5000));
    expect(block).toBe(`${"`".repeat(65)}\n${"`".repeat(64)}\n${"`".repeat(65)}`);
  });

  test("takes no more than was said beside its text", () => {
    fc.assert(
      fc.property(hostile(), (text) => {
        expect(bytesOf(codeBlock(plainText(text)))).toBeLessThanOrEqual(
          bytesOf(plainText(text)) + FENCE_BYTES,
        );
      }),
    );
  });
});

test("code is closed where it should be, whatever it contains", () => {
  fc.assert(
    fc.property(hostile(), (text) => {
      const line = plainLine(text, 200) || "x";
      expect(withoutCode(`a ${codeSpan(line)} b`)).toBe("a CODE b");
      expect(withoutCode(`| ${codeCell(line)} |`)).toBe("| CODE |");
      expect(codeCell(line)).not.toMatch(/(?<!\\)\||\\\\\|/);
      expect(withoutCode(`a\n${codeBlock(plainText(text))}\nb`)).toBe("a\nb");
    }),
    { numRuns: amount(300) },
  );
});

test.each([
  ["https://e.example/a(b)?c=d&e", "[Details](<https://e.example/a(b)?c=d&e>)"],
  ["https://e.example/> <b>\\\n", "[Details](<https://e.example/%3E%20%3Cb%3E%5C%0A>)"],
])("a link to %j", (url, expected) => {
  expect(link("Details", url)).toBe(expected);
});
