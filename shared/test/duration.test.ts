import { expect, test } from "vitest";
import { durationText, relativeText, spanMs } from "../src/text/duration.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test.each([
  [-5, "0ms"],
  [0.4, "1ms"],
  [999, "999ms"],
  [850, "850ms"],
  [999.6, "999ms"],
  [4_240, "4.2s"],
  [12_340, "12.3s"],
  [59_500, "59.5s"],
  [59_999, "59.9s"],
  [42 * SECOND, "42s"],
  [3 * MINUTE, "3m"],
  [3 * MINUTE + 12 * SECOND, "3m 12s"],
  [2 * HOUR + 5 * MINUTE, "2h 5m"],
  [3 * DAY + 4 * HOUR, "3d 4h"],
  [400 * DAY, "400d"],
])("a span of %d ms is %s", (ms, words) => {
  expect(durationText(ms)).toBe(words);
});

test.each([
  [0, "just now"],
  [-12 * SECOND, "12s ago"],
  [-3.9 * MINUTE, "3m ago"],
  [-30 * HOUR, "30h ago"],
  [-3 * DAY, "3d ago"],
  [20 * SECOND, "in 20s"],
])("a time %d ms from now is %s", (ms, words) => {
  expect(relativeText(1e12 + ms, 1e12)).toBe(words);
});

test("a span is known if both of its ends are", () => {
  expect(spanMs("2026-11-23T10:00:00.000Z", "2026-11-23T10:00:01.500Z")).toBe(1500);
  expect(spanMs("2026-11-23T10:00:01.000Z", "2026-11-23T10:00:00.000Z")).toBe(0);
  expect(spanMs(null, "2026-11-23T10:00:00.000Z")).toBeUndefined();
  expect(spanMs("once", "2026-11-23T10:00:00.000Z")).toBeUndefined();
});
