import { expect, test } from "vitest";
import { databaseSizeText } from "../../src/domain/database-size.ts";

test.each([
  [0, "0.000 of 10 GB, 0 %"],
  [4_096_000, "0.004 of 10 GB, 0 %"],
  [999_999_999, "1.000 of 10 GB, 9 %"],
  [7_149_000_000, "7.1 of 10 GB, 71 %"],
  [10_000_000_000, "10.0 of 10 GB, 100 %"],
])("%d bytes are %s", (bytes, text) => {
  expect(databaseSizeText(bytes)).toBe(text);
});
