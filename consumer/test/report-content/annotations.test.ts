import { readDigest } from "@webhook-gateway/shared/wording/digest.ts";
import { describe, expect, test } from "vitest";
import { amount } from "../../../test/support/amount.ts";
import fc from "../../../test/support/fast-check.ts";
import { annotationsOf, MAX_ANNOTATIONS, pathInRepository } from "../../src/report/annotations.ts";
import { bytesOf, failing, hostileDigest, sent, stepsOf } from "./support.ts";

const remarked = (...annotations: unknown[]) => annotationsOf(stepsOf(sent("lint", { annotations })));
const found = (output: string) => annotationsOf(stepsOf(failing("test", output)));

describe("what a server says of a line", () => {
  test("is taken over", () => {
    const given = {
      path: "./src/a.ts",
      start_line: 3,
      end_line: 5,
      level: "warning",
      message: "odd\n",
      title: "T",
    };
    expect(remarked(given)).toEqual([
      {
        path: "src/a.ts",
        start_line: 3,
        end_line: 5,
        annotation_level: "warning",
        message: "odd",
        title: "T",
      },
    ]);
  });

  test("may have the other names", () => {
    expect(remarked({ file: "a.ts", line: 3, level: "error", message: "m" })).toEqual([
      { path: "a.ts", start_line: 3, end_line: 3, annotation_level: "failure", message: "m", title: "lint" },
    ]);
  });

  test("may be at the step itself, whose outcome is its level", () => {
    const place = { file: "a.ts", line: 3, message: "m" };
    expect(annotationsOf(stepsOf(failing("x", "", place), sent("y", { ...place, line: 4 })))).toMatchObject([
      { start_line: 3, annotation_level: "failure", title: "x" },
      { start_line: 4, annotation_level: "warning", title: "y" },
    ]);
  });

  test.each([
    [{ line: 0 }],
    [{ line: -1 }],
    [{ line: 1.5 }],
    [{ line: "3" }],
    [{ line: 1e300 }],
    [{ line: undefined }],
    [{ file: undefined }],
    [{ file: "../a.ts" }],
    [{ message: undefined }],
    [{ message: " \u200b\n" }],
  ])("is left out with %j", (fields) => {
    expect(remarked({ file: "a.ts", line: 3, message: "m", ...fields }, null, "a.ts")).toEqual([]);
  });

  test.each([
    [{ end_line: 2 }, { end_line: 3 }],
    [{ end_line: "9" }, { end_line: 3 }],
    [{ level: "constructor" }, { annotation_level: "warning" }],
    [{ level: "Info" }, { annotation_level: "notice" }],
    [{ title: "a\nb" }, { title: "a b" }],
    [{ title: "x".repeat(300) }, { title: `${"x".repeat(252)}…` }],
    [{ message: "\u001b[31mred\u001b[0m\n" }, { message: "red" }],
    [{ message: "漢".repeat(30_000) }, { message: `${"漢".repeat(21_332)}…` }],
  ])("with %j is put right", (fields, expected) => {
    expect(remarked({ file: "a.ts", line: 3, message: "m", ...fields })).toMatchObject([expected]);
  });
});

describe("the output of a failing step", () => {
  test.each([
    ["src/a.ts(3,14): error TS2322: no", "src/a.ts", 3, "failure", "TS2322: no"],
    ["app/(group)/[id]/page.tsx(3,14): error TS1: no", "app/(group)/[id]/page.tsx", 3, "failure", "TS1: no"],
    ["src/a.ts:3:14 - error TS2322: no", "src/a.ts", 3, "failure", "TS2322: no"],
    ["\u001b[96msrc/a.ts\u001b[0m:\u001b[93m3\u001b[0m:14 - error: no", "src/a.ts", 3, "failure", "no"],
    ["src/a.c:3:14: warning: unused [-Wunused]", "src/a.c", 3, "warning", "unused [-Wunused]"],
    ["a.c:3:14: fatal error: x.h: No such file", "a.c", 3, "failure", "x.h: No such file"],
    ["a.c:3:14: note: declared here", "a.c", 3, "notice", "declared here"],
    ["main.go:12:2: undefined: x", "main.go", 12, "failure", "undefined: x"],
    ["pkg/a.py:7: AssertionError", "pkg/a.py", 7, "failure", "AssertionError"],
    ["./a.py:7:1: E501 line too long", "a.py", 7, "failure", "E501 line too long"],
    ["a.py:7 errors are not a level", "a.py", 7, "failure", "errors are not a level"],
    ["/tmp/grainchain-12-aB3/checkout/src/a.js:3:1: error no", "src/a.js", 3, "failure", "no"],
    ["src/é.ts:1: Ошибка", "src/é.ts", 1, "failure", "Ошибка"],
  ])("is read: %s", (line, path, start_line, annotation_level, message) => {
    expect(found(`before\n${line}\nafter`)).toEqual([
      { path, start_line, end_line: start_line, annotation_level, message, title: "test" },
    ]);
  });

  test.each([
    ["no extension", "Makefile:3: error: no"],
    ["no message", "src/a.ts:3:14:"],
    ["no message but its level", "src/a.ts:3:14: error"],
    ["numbers only", "src/a.ts:3:14:15 16"],
    ["line 0", "src/a.ts:0: no"],
    ["a line number of many digits", "src/a.ts:12345678: no"],
    ["an absolute path", "/usr/lib/node.js:3:1: no"],
    ["a path out of the repository", "src/../../a.ts:3: no"],
    ["a drive", "C:\\src\\a.ts:3: no"],
    ["a backslash", "src\\a.ts(3,1): error TS1: no"],
    ["a link", "https://e.example/a.js:3: no"],
    ["a host", "registry.example.com:443: connection refused"],
    ["an address", "127.0.0.1:80: connection refused"],
    ["a time", "12:34:56 error: no"],
    ["an indented line", "    a_test.go:12: no"],
    ["a stack", "(src/a.ts:3:14: no"],
    ["a quoted path", '"src/a.ts":3: no'],
    ["a path with spaces", "see src/a.ts:3: no"],
  ])("is not misread: %s", (_, line) => {
    expect(found(line)).toEqual([]);
  });

  test("is not read of a step that passed", () => {
    expect(annotationsOf(stepsOf(sent("test", { output: "a.ts:3: error: no" })))).toEqual([]);
  });

  test("is not read in its first line if it was cut, which may be in the middle of the path", () => {
    const lines = "a.ts:3: error: no\n".repeat(250);
    expect(found(lines)).toHaveLength(1);
    expect(found(`rc/b.ts:1: error: no\n${lines}`.slice(0, 4000))).toMatchObject([{ path: "a.ts" }]);
  });

  test.each([
    "a",
    ":",
    "/",
    ".",
    "(",
    "a.",
    "a/",
    "a.ts:1",
    "a.ts(1,1",
    "1",
    ":1",
    " ",
    "a.ts:1 ",
    "- ",
    "error ",
    "\\",
    "`",
  ])("of hostile lines end within the test's time: %j", (piece) => {
    const output = piece.repeat(Math.ceil(4000 / piece.length));
    const steps = stepsOf(
      ...Array.from({ length: 250 }, () => failing("test", `\n${output}`.slice(0, 3999))),
    );
    // It takes some 30 ms; were it cubic, it would take minutes.
    expect(annotationsOf(steps).length).toBeLessThanOrEqual(50);
  });
});

test("failures come first, each once, and no more than GitHub takes", () => {
  const lines = (level: string, count: number) =>
    Array.from({ length: count }, (_, index) => `a.ts:${index + 1}: ${level}: ${level} ${index}\n`).join("");
  const annotations = found(lines("warning", 45) + lines("error", 30) + lines("error", 30));
  expect(annotations).toHaveLength(MAX_ANNOTATIONS);
  expect(annotations.map((one) => one.annotation_level)).toEqual([
    ...Array.from({ length: 30 }, () => "failure"),
    ...Array.from({ length: 20 }, () => "warning"),
  ]);
  expect(annotations.slice(0, 2).map((one) => one.start_line)).toEqual([1, 2]);
});

test.each([
  ["src/a.ts", "src/a.ts"],
  ["./src//./a.ts", "src/a.ts"],
  ["src/a b.ts", "src/a b.ts"],
  ["/tmp/grainchain-1-aB/checkout/src/a.ts", "src/a.ts"],
  ["/var/folders/x/T/grainchain-1-aB/checkout/a.ts", "a.ts"],
  ["/tmp/grainchain-1-aB/checkout", null],
  ["/tmp/grainchain-1-aB/checkout/../../etc/passwd", null],
  ["/tmp/grainchain-1-aB/home/a.ts", null],
  ["/etc/passwd", null],
  ["//host/a.ts", null],
  ["../a.ts", null],
  ["a/..", null],
  ["a..b/c...ts", "a..b/c...ts"],
  ["..\\a.ts", null],
  ["c:/a.ts", null],
  ["", null],
  ["./", null],
  ["a\n.ts", null],
  ["a\u202e.ts", null],
  ["a\ud800.ts", null],
  ["a".repeat(501), null],
])("the path %j is %j", (given, path) => {
  expect(pathInRepository(given)).toBe(path);
});

test("GitHub can take every annotation", () => {
  fc.assert(
    fc.property(hostileDigest, (digest) => {
      const annotations = annotationsOf(readDigest(digest).steps);
      expect(annotations.length).toBeLessThanOrEqual(MAX_ANNOTATIONS);
      for (const { path, start_line, end_line, message, title } of annotations) {
        expect(path).toMatch(/^(?!\/)[^\p{Cc}\p{Cf}\p{Cs}\\]+$/u);
        expect(path.split("/")).not.toContain("..");
        expect(start_line).toBeGreaterThanOrEqual(1);
        expect(end_line).toBeGreaterThanOrEqual(start_line);
        expect(message.trim()).not.toBe("");
        expect(bytesOf(message)).toBeLessThanOrEqual(64_000);
        expect(bytesOf(title)).toBeLessThanOrEqual(255);
      }
    }),
    { numRuns: amount(300) },
  );
});
