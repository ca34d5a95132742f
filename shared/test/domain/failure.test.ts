import { describe, expect, test } from "vitest";
import fc from "../../../test/support/fast-check.ts";
import { classifyStatus, failureOf, nextAttempt, parseRetryAfter } from "../../src/domain/failure.ts";

const NOW_MS = Date.UTC(2026, 10, 1, 12);
const DAY_MS = 86_400_000;

describe("classifyStatus", () => {
  test.each([
    ["backpressure", [429, 503]],
    ["retryable", [408, 500, 501, 502, 504, 505, 507, 520, 599]],
    ["configuration", [401, 403, 404, 300, 301, 302, 303, 304, 307, 308]],
    ["permanent", [400, 402, 405, 406, 409, 410, 411, 413, 414, 415, 418, 422, 423, 424, 428, 431, 451, 499]],
  ] as const)("is %s for %j", (expected, statuses) => {
    expect(statuses.map(classifyStatus)).toEqual(statuses.map(() => expected));
  });

  test("takes what it does not know as retryable", () => {
    expect([0, 100, 199, 600, 999].map(classifyStatus)).toEqual(Array(5).fill("retryable"));
  });
});

describe("failureOf", () => {
  test.each([
    [500, "", "HTTP 500"],
    [500, " \n ", "HTTP 500"],
    [422, " bad sha\n", "HTTP 422: bad sha"],
  ])("words HTTP %d with %j", (status, text, error) => {
    expect(failureOf(status, text).error).toBe(error);
  });

  test.each([
    ["ASCII", "x"],
    ["two bytes a character", "é"],
    ["three bytes a character", "語"],
    ["four bytes a character", "🧪"],
  ])("cuts the server's words to 2 KiB: %s", (_name, char) => {
    const { error } = failureOf(400, char.repeat(5000));
    const bytes = new TextEncoder().encode(error).byteLength;
    expect(bytes).toBeLessThanOrEqual(2048);
    expect(bytes).toBeGreaterThan(2040);
    expect(error.isWellFormed()).toBe(true);
  });

  test("keeps Retry-After if there is one", () => {
    expect(failureOf(429, "full", 7000)).toEqual({
      class: "backpressure",
      error: "HTTP 429: full",
      retryAfterMs: 7000,
    });
    expect(failureOf(429, "full")).not.toHaveProperty("retryAfterMs");
  });
});

describe("parseRetryAfter", () => {
  test.each([
    ["seconds", "120", 120_000],
    ["seconds with spaces", " 7 ", 7_000],
    ["zero", "0", 0],
    ["more than a day", "999999999", DAY_MS],
    ["more than a number holds", "9".repeat(400), DAY_MS],
    ["an HTTP date", "Sun, 01 Nov 2026 12:01:30 GMT", 90_000],
    ["a date beyond a day", "Sun, 01 Nov 2027 12:00:00 GMT", DAY_MS],
  ])("reads %s", (_name, header, expected) => {
    expect(parseRetryAfter(header, NOW_MS)).toBe(expected);
  });

  test.each([
    null,
    "",
    "  ",
    "soon",
    "NaN",
    "Infinity",
    "1.5",
    "-5",
    "1e3",
    "1e99",
    "0x10",
    "12 s",
    "10, 20",
    "Sun, 01 Nov 2026 11:00:00 GMT",
    "Sun, 99 Nov 2026 11:00:00 GMT",
    "Sun, 01 Nov 2027 12:00:00",
    "2027-11-01T12:00:00Z",
  ])("ignores %j", (header) => {
    expect(parseRetryAfter(header, NOW_MS)).toBeUndefined();
  });

  test("is never negative, never more than a day, and never throws", () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const delay = parseRetryAfter(header, NOW_MS) ?? 0;
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(DAY_MS);
      }),
    );
  });
});

describe("nextAttempt", () => {
  const at = (ms: number) => new Date(NOW_MS + ms).toISOString();
  test.each([
    ["the first", 1, 8, 0, { dead: false, dueAt: at(5_000) }],
    ["the first, with jitter", 1, 8, 0.5, { dead: false, dueAt: at(6_250) }],
    ["the third", 3, 8, 0, { dead: false, dueAt: at(20_000) }],
    ["the last but one", 7, 8, 0, { dead: false, dueAt: at(320_000) }],
    ["the last", 8, 8, 0, { dead: true }],
    ["one beyond the last", 9, 8, 0, { dead: true }],
    ["the only one", 1, 1, 0, { dead: true }],
    ["a late one of many", 50, 100, 0.9, { dead: false, dueAt: at(900_000) }],
  ])("says what follows %s", (_name, attempts, max, random, expected) => {
    expect(nextAttempt(attempts, max, NOW_MS, random)).toEqual(expected);
  });
});
