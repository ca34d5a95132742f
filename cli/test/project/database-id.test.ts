import { readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { expect, test } from "vitest";
import fc from "../../../test/support/fast-check.ts";
import { isPlaceholder, replaceDatabaseId } from "../../src/project/database-id.ts";
import { FILES } from "../support/fake-wrangler-project.ts";

const UUID = "7b0c1f8e-2f51-4a53-9f0f-0f7e4b6c9a11";
const ENVIRONMENTS = ["development", "staging", "production"];

test.each(
  FILES.flatMap((file) => ENVIRONMENTS.map((environment, index) => [file, environment, index + 1] as const)),
)("changes nothing but the id in %s for %s", (file, environment, number) => {
  const toml = readFileSync(path.join(ROOT, file), "utf8");
  const placeholder = `00000000-0000-4000-8000-00000000000${number}`;
  // A checkout that was provisioned has an id there already.
  const given = toml.includes(placeholder)
    ? toml
    : `[[env.${environment}.d1_databases]]\ndatabase_id = "${placeholder}"`;

  const replaced = replaceDatabaseId(given, environment, placeholder, UUID);

  expect(replaced).toBe(given.replace(placeholder, UUID));
  expect(replaced).toContain(UUID);
});

test.each([
  ["single quotes", "[[env.staging.d1_databases]]\ndatabase_id = 'old'\n"],
  ["a comment with the id in it", '[[env.staging.d1_databases]]\ndatabase_id = "old" # not "old"\n'],
  ["odd spaces", '  [[ env . staging . d1_databases ]] # here\r\n\tdatabase_id="old"\r\n'],
  [
    "a second table",
    '[[env.staging.d1_databases]]\ndatabase_id = "new"\n[[env.staging.d1_databases]]\ndatabase_id = "old"\n',
  ],
  [
    "other environments first",
    '[[env.production.d1_databases]]\ndatabase_id = "old2"\n[[env.staging.d1_databases]]\ndatabase_id = "old"',
  ],
  [
    "a commented line before it",
    '[[env.staging.d1_databases]]\n# database_id = "older"\ndatabase_id = "old"',
  ],
])("finds the id among %s", (_, toml) => {
  const at = toml.search(/(?<=database_id *= *['"])old(?=['"])/);

  expect(replaceDatabaseId(toml, "staging", "old", UUID)).toBe(
    `${toml.slice(0, at)}${UUID}${toml.slice(at + 3)}`,
  );
});

test.each([
  ["another environment's table", '[[env.production.d1_databases]]\ndatabase_id = "old"'],
  ["another table", '[[env.staging.d1_databases]]\nbinding = "DB"\n[env.staging.vars]\ndatabase_id = "old"'],
  ["another id", '[[env.staging.d1_databases]]\ndatabase_id = "newer"'],
  ["no table", 'database_id = "old"'],
])("does not guess if there is only %s", (_, toml) => {
  expect(() => replaceDatabaseId(toml, "staging", "old", UUID)).toThrow(
    '[[env.staging.d1_databases]] has no database_id "old"',
  );
});

test("keeps everything around the table", () => {
  // No line that begins a table of its own.
  const text = fc.string({ unit: "binary" }).map((given) => given.replaceAll(/[[\]]|database_id/g, ""));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const toml = (id: string): string =>
        `${before}\n[[env.staging.d1_databases]]\ndatabase_id = "${id}"\n${after}`;

      expect(replaceDatabaseId(toml("old"), "staging", "old", UUID)).toBe(toml(UUID));
    }),
  );
});

test("distinguishes a placeholder from an id", () => {
  expect(["", "00000000-0000-4000-8000-000000000003", UUID].map(isPlaceholder)).toEqual([true, true, false]);
});
