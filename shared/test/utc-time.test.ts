import { expect, test } from "vitest";
import { canonicalTime } from "../src/text/utc-time.ts";

test.each([
  ["as GitHub writes it", "2019-05-15T15:20:33Z", "2019-05-15T15:20:33.000Z"],
  ["of the last day of a month", "2024-02-29T23:59:59Z", "2024-02-29T23:59:59.000Z"],
  ["of a day that does not exist", "2023-02-29T00:00:00Z", "2023-03-01T00:00:00.000Z"],
  ["with milliseconds", "2019-05-15T15:20:33.25Z", "2019-05-15T15:20:33.250Z"],
  ["of another zone", "2019-05-15T15:20:33+02:00", "2019-05-15T13:20:33.000Z"],
  ["of 1970", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"],
  ["before 1970", "1969-12-28T23:59:59Z", null],
  ["of the year 0000", "0000-01-01T00:00:00Z", null],
])("a time %s", (_, given, written) => {
  expect(canonicalTime(given)).toBe(written);
});
