import { describe, expect, test } from "vitest";
import { hoursOf } from "../../src/dashboard/pages/overview/hours.ts";
import { onlyDeadLetter, scopeText } from "../../src/dashboard/pages/scope-text.ts";
import { outsideHref, paths, pullPath } from "../../src/dashboard/parts/link.ts";
import { shorten, tail, terminalText, visible } from "../../src/dashboard/parts/text.ts";

describe("a text from outside", () => {
  test.each([
    ["plain words, ünïcödé 漢 👩‍💻", "plain words, ünïcödé 漢 👩‍💻"],
    ["line\n\tnext", "line\n\tnext"],
    ["\u0000\u001b\u007f", "␀␛\\u{7f}"],
    ["a\u202eb\u2066c\u200b", "a\\u{202e}b\\u{2066}c\\u{200b}"],
    ["half \ud83d", "half \\u{d83d}"],
    ["tag \u{e0041}", "tag \\u{e0041}"],
  ])("%j is seen as %j", (text, seen) => {
    expect(visible(text)).toBe(seen);
  });

  test("is cut between characters", () => {
    expect(shorten("short", 5)).toBe("short");
    expect(shorten("longer", 5)).toBe("long…");
    expect(shorten("abc😀😀", 5)).toBe("abc…");
  });

  test("keeps the end of output, and says what was cut", () => {
    expect(tail("0123456789", 10)).toBe("0123456789");
    expect(tail("0123456789", 4)).toBe("[6 characters before this are not shown]\n6789");
  });

  test("loses colors, titles and links of a terminal", () => {
    const text = "\u001b[1;32mok\u001b[0m \u001b]8;;https://evil.test\u001b\\link\u001b]8;;\u0007\rover";
    expect(terminalText(text)).toBe("ok link\nover");
  });
});

test.each([
  ["https://github.com/acme/widgets/pull/1", "https://github.com/acme/widgets/pull/1"],
  ["http://ghe.test/a", "http://ghe.test/a"],
  ["javascript:alert(1)", undefined],
  [" javascript:alert(1)", undefined],
  ["java\nscript:alert(1)", undefined],
  ["data:text/html,x", undefined],
  ["//evil.test", undefined],
  ["https://user@evil.test", undefined],
  ["", undefined],
])("the address %j leads to %s", (address, href) => {
  expect(outsideHref(address)).toBe(href);
});

test("paths encode what comes from outside, half characters too", () => {
  expect(paths.validation("a/../b?c#d")).toBe("/dashboard/validations/a%2F..%2Fb%3Fc%23d");
  expect(paths.deadLetter("\ud83d")).toBe("/dashboard/dead-letters/%EF%BF%BD");
  expect(paths.validations({ repo: "a/b&c=d", state: "", pr: undefined })).toBe(
    "/dashboard/validations?repo=a%2Fb%26c%3Dd",
  );
  expect(pullPath("acme/widgets", 12)).toBe("/dashboard/pulls/acme/widgets/12");
  expect(pullPath("acme/widgets", 0)).toBeUndefined();
  expect(pullPath("acme/wid gets", 1)).toBeUndefined();
});

test.each([
  ['{"all":true}', "all open dead letters"],
  ['{"ids":["a"]}', "dead letter a"],
  ['{"ids":["a","b"]}', "2 selected dead letters"],
  ['{"filter":{"kind":"report","class":"permanent"}}', "dead letters with class permanent, kind report"],
  ["nonsense", "nonsense"],
])("the scope %s is %s", (json, words) => {
  expect(
    scopeText(json)
      .split(/, | with /)
      .toSorted(),
  ).toEqual(words.split(/, | with /).toSorted());
  expect(onlyDeadLetter(json)).toBe(json === '{"ids":["a"]}' ? "a" : undefined);
});

test("a day has 24 hours, those without a validation included", () => {
  const hour = {
    ...{ hour: "2026-11-23T07:00:00.000Z", validations: 5, succeeded: 2, failed_checks: 1, broken: 1 },
    p50_ms: 900,
    p95_ms: 1800,
    p99_ms: 2700,
  };
  const hours = hoursOf({ timestamp: "2026-11-23T10:12:13.000Z", hours: [hour] });
  expect(hours).toHaveLength(24);
  expect(hours[0]?.hour).toBe("2026-11-22T11:00:00.000Z");
  expect(hours.at(-1)).toMatchObject({ hour: "2026-11-23T10:00:00.000Z", validations: 0, other: 0 });
  expect(hours.at(-4)).toEqual({ ...hour, other: 1 });
});
