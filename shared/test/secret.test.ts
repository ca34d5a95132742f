import { expect, test } from "vitest";
import { bearerToken, sameSecret } from "../src/config/secret.ts";

test.each([
  ["the same", "s3cret", "s3cret", true],
  ["another", "s3cret", "S3cret", false],
  ["a prefix", "s3cre", "s3cret", false],
  ["a longer one", "s3cret ", "s3cret", false],
  ["nothing", "", "s3cret", false],
  ["the same beyond ASCII", "gehëim🔑", "gehëim🔑", true],
  ["another normal form", "\u00e9", "e\u0301", false],
])("compares secrets: %s", async (_name, given, expected, same) => {
  expect(await sameSecret(given, expected)).toBe(same);
});

test.each([
  ["Bearer abc", "abc"],
  ["bearer abc", "abc"],
  ["BEARER   abc  ", "abc"],
  ["Bearer a.b-c_d=", "a.b-c_d="],
  ["Basic abc", undefined],
  ["Bearer", undefined],
  ["Bearer ", undefined],
  ["Bearerabc", undefined],
  ["Bearer a b", undefined],
  ["X-Bearer abc", undefined],
  ["", undefined],
  [null, undefined],
  [undefined, undefined],
])("reads the token of %j", (header, token) => {
  expect(bearerToken(header)).toBe(token);
});
