import { expect, test } from "vitest";
import { formatBytes, parseMemorySize } from "../../src/validation/memory-size.ts";

test.each([
  ["512MB", 512 * 1024 ** 2],
  ["512mb", 512 * 1024 ** 2],
  ["512 MiB", 512 * 1024 ** 2],
  ["1GB", 1024 ** 3],
  ["1.5g", 1.5 * 1024 ** 3],
  ["64k", 65_536],
  ["1000", 1000],
  ["1000B", 1000],
  [1000, 1000],
  ["0", 0],
  [0, 0],
])("reads the size %j", (limit, bytes) => {
  expect(parseMemorySize(limit)).toBe(bytes);
});

test.each(["", "MB", "-1", "1e9", "12XB", "1 2MB", "NaN", "99999999999999999999GB", "constructor"])(
  "refuses the size %j",
  (limit) => {
    expect(parseMemorySize(limit)).toBeUndefined();
  },
);

test("shows a size in the unit that people use", () => {
  expect(formatBytes(512 * 1024 ** 2)).toBe("512 MiB");
  expect(formatBytes(1000)).toBe("1000 bytes");
});
