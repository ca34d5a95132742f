/** The state of a gateway that an older checkout has left. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

<<<<<<< HEAD:cli/test/e2e/migrations.test.ts

import { expect, test } from "vitest";
import { makeDirectory } from "../../../grainchain/test/support/repositories.ts";
import { applyMigrations } from "../../dev/migrations.ts";
import { ROOT } from "../../dev/settings.ts";
import { runWrangler } from "../../dev/wrangler.ts";
import { environment, startProgram } from "./support/program.ts";

=======

import { expect } from "vitest";
import { ROOT } from "../../../dev/settings.ts";
import { runWrangler } from "../../../dev/wrangler.ts";
import { makeDirectory } from "./repositories.ts";

>>>>>>> 5964b18 (test(e2e): start npm start five times instead of eleven):cli/test/e2e/support/old-state.ts

const MIGRATIONS = path.join(ROOT, "shared/migrations");

/** Applies all migrations but the last, as a checkout from before it did. */
export async function applyOldMigrations(stateDir: string): Promise<void> {
  const dir = makeDirectory();
  cpSync(MIGRATIONS, path.join(dir, "shared/migrations"), { recursive: true });
  rmSync(path.join(dir, "shared/migrations", migrationNames().at(-1) ?? ""));
  mkdirSync(path.join(dir, "producer/src"), { recursive: true });
  const config = path.join(dir, "wrangler.producer.toml");
  writeFileSync(config, readFileSync(path.join(ROOT, "wrangler.producer.toml")));
  const place = placeOf(stateDir, config);
  const { code, output } = await runWrangler(["d1", "migrations", "apply", "DB", ...place]);
  expect(code, output).toBe(0);
}

const placeOf = (stateDir: string, config = "wrangler.producer.toml"): string[] => [
  ...["-c", config, "--env", "development"],
  ...["--local", "--persist-to", stateDir],
];

/** What Wrangler has noted in its table, in the order in which it was applied. */
export function appliedTo(stateDir: string) {
  const dir = path.join(stateDir, "v3/d1/miniflare-D1DatabaseObject");
  const [file = ""] = readdirSync(dir).filter((name) => /^[0-9a-f]+\.sqlite$/.test(name));
  const database = new DatabaseSync(path.join(dir, file), { readOnly: true });
  const rows = database.prepare("SELECT name, applied_at FROM d1_migrations ORDER BY id").all();
  database.close();
  return rows;
}

<<<<<<< HEAD:cli/test/e2e/migrations.test.ts
const names = (): string[] => readdirSync(MIGRATIONS).filter((name) => name.endsWith(".sql"));

test("applies a migration whole or not at all, and goes on from there", async () => {
  const stateDir = makeDirectory();
  const dir = makeDirectory();
  const write = (name: string, sql: string) => writeFileSync(path.join(dir, name), sql);
  write(
    "0001_good.sql",
    "CREATE TABLE a (x);\nCREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT 2; END;\n",
  );
  write("0002_bad.sql", "CREATE TABLE b (x);\nINSERT INTO nowhere VALUES (1);\n");
  write("0003_next.sql", "CREATE TABLE c (x);\n");

  await expect(applyMigrations(stateDir, dir)).rejects.toThrow(
    /^the migrations could not be applied: 0002_bad\.sql: .*no such table: nowhere/,
  );
  expect(appliedTo(stateDir)).toMatchObject([{ name: "0001_good.sql" }]);

  write("0002_bad.sql", "CREATE TABLE b (x);\n");
  await applyMigrations(stateDir, dir);
  expect(appliedTo(stateDir).map(({ name }) => name)).toEqual(readdirSync(dir).toSorted());
});

test("applies the migrations that an older state lacks, and none again", async () => {
  const { env, stateDir } = await environment();
  await applyOldMigrations(stateDir);
  const before = appliedTo(stateDir);
  expect(before).toHaveLength(names().length - 1);

  const first = startProgram(["start", "--no-demo"], env);
  await first.waitForLine(/^ready /);
  const after = appliedTo(stateDir);
  await first.stop("SIGTERM");

  expect(after.slice(0, -1)).toEqual(before);
  expect(after.at(-1)).toMatchObject({ name: names().at(-1) });
  const second = startProgram(["start", "--no-demo"], env);
  await second.waitForLine(/^ready /);
  expect(appliedTo(stateDir)).toEqual(after);
  await second.stop("SIGTERM");

  const { code, output } = await runWrangler(["d1", "migrations", "list", "DB", ...placeOf(stateDir)]);
  expect(code, output).toBe(0);
  expect(output).toContain("No migrations to apply");
});
=======
export const migrationNames = (): string[] => readdirSync(MIGRATIONS).filter((name) => name.endsWith(".sql"));
>>>>>>> 5964b18 (test(e2e): start npm start five times instead of eleven):cli/test/e2e/support/old-state.ts
