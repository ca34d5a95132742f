import { describe, expect, test } from "vitest";
import fc from "../../../test/support/fast-check.ts";
import {
  changedSubject,
  mergeGroupSubject,
  pullRequestSubject,
  pushSubject,
  validationId,
} from "../../src/domain/subject.ts";
import type { Change } from "../../src/messages/fact.ts";

const hex = (length: number) =>
  fc
    .array(fc.constantFrom(..."0123456789abcdef"), { minLength: length, maxLength: length })
    .map((c) => c.join(""));
const sha = fc.oneof(hex(40), hex(64));
const subject = fc.oneof(
  fc.integer({ min: 0, max: 9_999_999_999 }).map(pullRequestSubject),
  sha.map(mergeGroupSubject),
  hex(64).map(pushSubject),
);
const parts = fc.tuple(
  fc.integer({ min: 1, max: 999_999_999_999 }),
  subject,
  sha,
  fc.integer({ min: 1, max: 9999 }),
);

describe("validationId", () => {
  test.each([
    ["a pull request", pullRequestSubject(9_999_999_999)],
    ["a merge group", mergeGroupSubject("f".repeat(64))],
    ["a push", pushSubject("f".repeat(64))],
  ])("has at most 100 characters for the largest inputs of %s", (_name, largest) => {
    expect(validationId(999_999_999_999, largest, "f".repeat(64), 9999).length).toBeLessThanOrEqual(100);
  });

  test("is URL-safe, at most 100 characters, and the same each time", () => {
    fc.assert(
      fc.property(parts, (given) => {
        const id = validationId(...given);
        expect(id).toMatch(/^[a-z0-9-]{1,100}$/);
        expect(encodeURIComponent(id)).toBe(id);
        expect(validationId(...given)).toBe(id);
      }),
    );
  });

  test("differs if any part differs", () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(validationId(...a) === validationId(...b)).toBe(a.every((part, index) => part === b[index]));
      }),
    );
    const base = validationId(1, pullRequestSubject(2), "a".repeat(40), 3);
    expect(
      new Set([
        base,
        validationId(2, pullRequestSubject(2), "a".repeat(40), 3),
        validationId(1, pullRequestSubject(3), "a".repeat(40), 3),
        validationId(1, pullRequestSubject(2), "b".repeat(40), 3),
        validationId(1, pullRequestSubject(2), "a".repeat(40), 4),
        validationId(12, pullRequestSubject(2), "a".repeat(40), 3),
        validationId(1, pullRequestSubject(22), "a".repeat(40), 3),
      ]).size,
    ).toBe(7);
  });
});

describe("changedSubject", () => {
  const common = {
    url: "https://github.com/o/r",
    head_sha: "c".repeat(40),
    head_ref: "topic",
    base_sha: "d".repeat(40),
  };
  const push = { ...common, type: "push", skip: null, ref_hash: "ab".repeat(32), pushed_at: null } as const;
  const cases: readonly (readonly [string, Change, string | null])[] = [
    [
      "a pull request",
      {
        ...common,
        type: "pull_request",
        action: "opened",
        number: 7,
        before: null,
        draft: false,
        open: true,
        updated_at: "",
      },
      "pr-7",
    ],
    ["a command", { type: "command", command: "validate", number: 7, comment_id: 1 }, "pr-7"],
    ["a merge group", { ...common, type: "merge_group", action: "destroyed", number: 7 }, "mg-cccccccccccc"],
    ["a push to validate", { ...push, validate: true }, "push-abababababab"],
    ["a push not to validate", { ...push, validate: false }, null],
    ["a re-run", { type: "rerun", app_id: 1, head_sha: "c" }, null],
    ["a note", { type: "note" }, null],
  ];
  test.each(cases)("names the subject of %s", (_name, change, expected) => {
    expect(changedSubject(change)).toBe(expected);
  });
});
