import { appendFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { expect, test } from "vitest";
import { makeDirectory } from "../../grainchain/test/support/repositories.ts";
import { localConfigsAreCurrent, readVariables, writeLocalConfigs } from "../local/local-config.ts";
import { hasEveryMigration } from "../local/migrations.ts";

const NAMES = readdirSync(path.join(ROOT, "shared/migrations")).filter((name) => name.endsWith(".sql"));

/** A state with databases, each with these migrations; undefined: without Wrangler's table of them. */
function makeState(databases: Readonly<Record<string, readonly string[] | undefined>>): string {
  const stateDir = makeDirectory();
  const dir = path.join(stateDir, "v3/d1/miniflare-D1DatabaseObject");
  mkdirSync(dir, { recursive: true });
  for (const [file, names] of Object.entries(databases)) makeDatabase(path.join(dir, file), names);
  // Wrangler's own.
  makeDatabase(path.join(dir, "metadata.sqlite"), undefined);
  return stateDir;
}

function makeDatabase(file: string, names: readonly string[] | undefined): void {
  const database = new DatabaseSync(file);
  if (names !== undefined) {
    database.exec("CREATE TABLE d1_migrations (name TEXT UNIQUE)");
    const insert = database.prepare("INSERT INTO d1_migrations VALUES (?)");
    for (const name of names) insert.run(name);
  }
  database.close();
}

test.each([
  ["a database with all", { "a.sqlite": NAMES }, true],
  ["a database with more", { "a.sqlite": [...NAMES, "9999_of_a_newer_checkout.sql"] }, true],
  ["a database without the last", { "a.sqlite": NAMES.slice(0, -1) }, false],
  ["two databases, one of them without any", { "a.sqlite": NAMES, "b.sqlite": [] }, false],
  ["a database that no migration was ever applied to", { "a.sqlite": undefined }, false],
  ["no database", {}, false],
])("of %s every migration is known to be applied: %s", (_, databases, known) => {
  expect(hasEveryMigration(makeState(databases))).toBe(known);
});

test.each(NAMES)("%s ends with a statement: D1 refuses a comment alone", (name) => {
  const lines = readFileSync(path.join(ROOT, "shared/migrations", name), "utf8")
    .trimEnd()
    .split("\n");
  expect(lines.at(-1)).toMatch(/;$/);
});

test("no migration counts as applied if there is no local state", () => {
  expect(hasEveryMigration(path.join(makeDirectory(), "state"))).toBe(false);
});

test("the copies of the configuration are current until the configuration changes", () => {
  const stateDir = makeDirectory();
  expect(localConfigsAreCurrent(stateDir)).toBe(false);

  const [producer = ""] = writeLocalConfigs(stateDir);
  expect(localConfigsAreCurrent(stateDir)).toBe(true);
  expect(readFileSync(producer, "utf8")).toContain(`migrations_dir = "${ROOT}/shared/migrations"`);

  appendFileSync(producer, "# another database\n");
  expect(localConfigsAreCurrent(stateDir)).toBe(false);
});

test("reads the variables of development", () => {
  expect(readVariables("consumer")).toMatchObject({
    ENVIRONMENT: "development",
    GRAINCHAIN_TIMEOUT: "60000",
  });
});
