import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { ConfigError, readConfig } from "../src/config/common.ts";
import * as field from "../src/config/field.ts";

const only = <Schema extends v.GenericSchema>(schema: Schema, value: unknown) =>
  readConfig(v.object({ KEY: schema }), value === undefined ? {} : { KEY: value });

describe("fields", () => {
  test.each([
    ["optional text", field.optionalText, "x", "x"],
    ["optional text, empty", field.optionalText, "", undefined],
    ["optional text, absent", field.optionalText, undefined, undefined],
    ["flag on", field.flag("false"), "true", true],
    ["flag off", field.flag("true"), "false", false],
    ["flag empty", field.flag("true"), "", true],
    ["flag absent", field.flag("false"), undefined, false],
    ["integer", field.integer(5, { min: 1, max: 10 }), "7", 7],
    ["integer empty", field.integer(5, { min: 1, max: 10 }), "", 5],
    ["integer absent", field.integer(5, { min: 1, max: 10 }), undefined, 5],
    ["integer at its bounds", field.integer(5, { min: 1, max: 10 }), "10", 10],
    ["list", field.list, " a, b ,,c ", ["a", "b", "c"]],
    ["list empty", field.list, "", []],
    ["list absent", field.list, undefined, []],
    ["secret", field.secret, "s", "s"],
    ["secret with a space in it", field.secret, "a b", "a b"],
    ["optional secret", field.optionalSecret, "s", "s"],
    ["optional secret, empty", field.optionalSecret, "", undefined],
    ["optional secret, absent", field.optionalSecret, undefined, undefined],
    ["URL", field.httpUrl, "http://localhost:8080", "http://localhost:8080"],
    ["environment", field.environment, "staging", "staging"],
  ])("reads %s", (_name, schema, given, expected) => {
    expect(only(schema, given)).toEqual({ KEY: expected });
  });

  test.each([
    ["a secret that is empty", field.secret, ""],
    ["a secret that is absent", field.secret, undefined],
    ["a URL of another scheme", field.httpUrl, "ftp://s3cret"],
    ["no URL", field.httpUrl, "s3cret"],
    ["a flag of another word", field.flag("true"), "s3cret"],
    ["a flag in upper case", field.flag("true"), "TRUE"],
    ["an integer below its bounds", field.integer(5, { min: 1, max: 10 }), "0"],
    ["an integer above its bounds", field.integer(5, { min: 1, max: 10 }), "11"],
    ["a fraction", field.integer(5, { min: 1, max: 10 }), "5.5"],
    ["a sign", field.integer(5, { min: 1, max: 10 }), "-5"],
    ["a number that is not text", field.integer(5, { min: 1, max: 10 }), 5],
    ["another environment", field.environment, "prod"],
  ])("refuses %s", (_name, schema, given) => {
    expect(() => only(schema, given)).toThrow(ConfigError);
  });
});

describe.each([
  ["a secret", field.secret, "s3cret"],
  ["an optional secret", field.optionalSecret, "s3cret"],
  ["a URL", field.httpUrl, "https://s3cret.example.com"],
  ["an optional URL", field.optionalUrl, "https://s3cret.example.com"],
])("whitespace around %s is refused, never cut:", (_name, schema, value) => {
  test.each([
    ["a newline at its end", `${value}\n`],
    ["a carriage return at its end", `${value}\r`],
    ["a space before it", ` ${value}`],
    ["a no-break space at its end", `${value}\u00a0`],
    ["a byte order mark before it", `\ufeff${value}`],
  ])("%s", (_case, given) => {
    expect(() => only(schema, given)).toThrow(
      new ConfigError([{ key: "KEY", problem: "has whitespace around it" }]),
    );
  });
});

test.each(["\n", " ", "\r\n"])(
  "whitespace alone is neither an optional secret nor a missing one: %j",
  (given) => {
    expect(() => only(field.optionalSecret, given)).toThrow("KEY (has whitespace around it)");
  },
);

test.each([
  [
    "of this project's own",
    v.pipe(
      v.string(),
      v.check(() => false, "not a thing"),
    ),
    "not a thing",
  ],
  [
    "of Valibot's, which quotes",
    v.pipe(
      v.string(),
      v.check(() => false),
    ),
    "bad check",
  ],
  ["of another kind", v.pipe(v.string(), v.regex(/^x$/)), "bad regex"],
])("gives the words of a refusal %s", (_name, schema, problem) => {
  expect(() => only(schema, "s3cret")).toThrow(`bad configuration: KEY (${problem})`);
});

test("names every bad key and no value", () => {
  const schema = v.object({
    A: field.httpUrl,
    B: field.secret,
    C: field.integer(1, { min: 0, max: 9 }),
    D: field.environment,
  });
  const error = (() => {
    try {
      readConfig(schema, { A: "s3cret-a", C: "s3cret-c", D: "s3cret-d" });
    } catch (thrown) {
      return thrown;
    }
    return undefined;
  })();
  if (!(error instanceof ConfigError)) throw new Error("no ConfigError");
  expect(error.keys).toEqual(["A", "B", "C", "D"]);
  expect(error.message).not.toContain("s3cret");
  expect(error.message).toContain("B (missing)");
});

test.each([null, undefined, "text", 7])("refuses an environment that is %j", (env) => {
  expect(() => readConfig(v.object({ A: field.secret }), env)).toThrow(ConfigError);
});
