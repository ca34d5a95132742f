import { expect, test } from "vitest";
import { anyText } from "../../test/support/any-text.ts";
import fc from "../../test/support/fast-check.ts";
import { byteLength, cutText, exceedsBytes } from "../src/text/text.ts";

test.each([
  ["abc", 5, "abc"],
  ["abc", 3, "abc"],
  ["abc", 2, "ab"],
  ["aé", 2, "a"],
  ["語語", 5, "語"],
  ["🧪🧪", 7, "🧪"],
  ["abc", 0, ""],
  ["", 5, ""],
])("cuts %j to %d bytes", (text, maxBytes, expected) => {
  expect(cutText(text, maxBytes)).toBe(expected);
});

test("gives the longest beginning that fits", () => {
  const bytes = (text: string) => new TextEncoder().encode(text).byteLength;
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), fc.nat(80), (text, maxBytes) => {
      const cut = cutText(text, maxBytes);
      expect(text.startsWith(cut)).toBe(true);
      expect(bytes(cut)).toBeLessThanOrEqual(maxBytes);
      const [next] = text.slice(cut.length);
      if (next !== undefined) expect(bytes(cut) + bytes(next)).toBeGreaterThan(maxBytes);
    }),
  );
});

test("tells without encoding what encoding would tell", () => {
  fc.assert(
    fc.property(anyText({ maxLength: 40 }), fc.nat(130), (text, maxBytes) => {
      expect(exceedsBytes(text, maxBytes)).toBe(byteLength(text) > maxBytes);
    }),
  );
});
