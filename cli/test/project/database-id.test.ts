import { readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { expect, test } from "vitest";
import { anyText } from "../../../test/support/any-text.ts";
import fc from "../../../test/support/fast-check.ts";
import { isPlaceholder, replaceDatabaseId } from "../../src/project/database-id.ts";
import { SOURCE } from "../../src/project/environments.ts";
import { ENVIRONMENTS } from "../../src/project/project.ts";

const UUID = "7b0c1f8e-2f51-4a53-9f0f-0f7e4b6c9a11";

test.each(ENVIRONMENTS)("changes nothing but the id of %s", (environment) => {
  const toml = readFileSync(path.join(ROOT, SOURCE), "utf8");
  const [, id = ""] = new RegExp(`^\\[env\\.${environment}\\]\ndatabase_id = "(.+)"$`, "m").exec(toml) ?? [];

  const replaced = replaceDatabaseId(toml, environment, id, UUID);

  expect(replaced).toBe(toml.replace(id, UUID));
  expect(replaced).toContain(UUID);
});

test.each([
  ["single quotes", "[env.staging]\ndatabase_id = 'old'\n"],
  ["a comment with the id in it", '[env.staging]\ndatabase_id = "old" # not "old"\n'],
  ["the keys of a binding", '[[env.staging.d1_databases]]\nbinding = "DB"\ndatabase_id = "old"\n'],
  ["odd spaces", '  [ env . staging ] # here\r\n\tdatabase_id="old"\r\n'],
  ["other environments first", '[env.production]\ndatabase_id = "old2"\n[env.staging]\ndatabase_id = "old"'],
  ["a commented line before it", '[env.staging]\n# database_id = "older"\ndatabase_id = "old"'],
])("finds the id among %s", (_, toml) => {
  const at = toml.search(/(?<=database_id *= *['"])old(?=['"])/);

  expect(replaceDatabaseId(toml, "staging", "old", UUID)).toBe(
    `${toml.slice(0, at)}${UUID}${toml.slice(at + 3)}`,
  );
});

test.each([
  ["another environment's table", '[env.production]\ndatabase_id = "old"'],
  ["another table", '[env.staging]\nbinding = "DB"\n[env.staging.vars]\ndatabase_id = "old"'],
  ["another id", '[env.staging]\ndatabase_id = "newer"'],
  ["no table", 'database_id = "old"'],
])("does not guess if there is only %s", (_, toml) => {
  expect(() => replaceDatabaseId(toml, "staging", "old", UUID)).toThrow(
    '[env.staging] has no database_id "old"',
  );
});

test("keeps everything around the table", () => {
  // No line that begins a table of its own.
  const text = anyText().map((given) => given.replaceAll(/[[\]]|database_id/g, ""));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const toml = (id: string): string => `${before}\n[env.staging]\ndatabase_id = "${id}"\n${after}`;

      expect(replaceDatabaseId(toml("old"), "staging", "old", UUID)).toBe(toml(UUID));
    }),
  );
});

test("distinguishes a placeholder from an id", () => {
  expect(["", "00000000-0000-4000-8000-000000000003", UUID].map(isPlaceholder)).toEqual([true, true, false]);
});
