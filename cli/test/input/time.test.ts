import { expect, test } from "vitest";
import { parseMoment } from "../../src/input/time.ts";
import { ageText, momentText, utcAndAgeText, utcText } from "../../src/output/time-text.ts";

const NOW = new Date("2026-11-24T12:00:00.000Z");

test.each([
  ["30s", "2026-11-24T11:59:30.000Z"],
  ["30m", "2026-11-24T11:30:00.000Z"],
  ["6h", "2026-11-24T06:00:00.000Z"],
  ["2d", "2026-11-22T12:00:00.000Z"],
  ["1w", "2026-11-17T12:00:00.000Z"],
  ["1h30m", "2026-11-24T10:30:00.000Z"],
  ["0s", "2026-11-24T12:00:00.000Z"],
  ["2026-11-23", "2026-11-23T00:00:00.000Z"],
  ["2026-11-23T10:20", "2026-11-23T10:20:00.000Z"],
  ["2026-11-23 10:20:30", "2026-11-23T10:20:30.000Z"],
  ["2026-11-23T10:20:30.5Z", "2026-11-23T10:20:30.500Z"],
  ["2026-11-23T10:20:30+02:00", "2026-11-23T08:20:30.000Z"],
  ["2026-11-23t10:20:30z", "2026-11-23T10:20:30.000Z"],
  ["2028-02-29", "2028-02-29T00:00:00.000Z"],
])("reads the moment %s", (text, moment) => {
  expect(parseMoment(text, NOW)).toBe(moment);
});

test.each([
  "",
  "6",
  "h",
  "6 h",
  "-6h",
  "6y",
  "1.5h",
  "999999w",
  "yesterday",
  "2026-02-30",
  "2026-13-01",
  "2026-11-23T25:00",
  "2026-11-23T10",
  "11/23/2026",
  "1969-12-31",
  "2026-11-23; drop",
])("reads no moment from %j", (text) => {
  expect(parseMoment(text, NOW)).toBeUndefined();
});

test.each([
  [null, "-"],
  ["2026-11-24T12:00:05.000Z", "0s"],
  ["2026-11-24T11:59:48.000Z", "12s"],
  ["2026-11-24T11:57:00.000Z", "3m"],
  ["2026-11-23T13:00:00.000Z", "23h"],
  ["2026-11-23T09:00:00.000Z", "27h"],
  ["2026-11-20T12:00:00.000Z", "4d"],
])("prints the age of %s as %s", (at, text) => {
  expect(ageText(at, NOW)).toBe(text);
});

test("prints times in UTC", () => {
  expect(utcText("2026-11-24T00:08:19.123Z")).toBe("2026-11-24 00:08:19Z");
  expect(utcText(null)).toBe("-");
  expect(momentText("2026-11-24T00:08:19.123Z")).toBe("11-24 00:08:19.123");
  expect(utcAndAgeText("2026-11-24T11:57:00.000Z", NOW)).toBe("2026-11-24 11:57:00Z (3m ago)");
});
