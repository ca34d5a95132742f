import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { expect, test } from "vitest";
import { unstable_readConfig } from "wrangler";
import { makeDirectory } from "../../../test/system/repositories.ts";
import {
  generateFiles,
  readText,
  SOURCE,
  withCell,
  writeEnvironments,
} from "../../src/project/environments.ts";
import { ENVIRONMENTS } from "../../src/project/project.ts";
import { FILES } from "../support/fake-wrangler-project.ts";

const source = readText(ROOT, SOURCE);

function copyFiles(): string {
  const dir = makeDirectory();
  for (const file of [SOURCE, ...FILES]) cpSync(path.join(ROOT, file), path.join(dir, file));
  return dir;
}

/** What Wrangler reads of an environment, without what depends on where the file is. */
function configOf(dir: string, file: string, env: string): Record<string, unknown> {
  const config = unstable_readConfig({ config: path.join(dir, file), env }, { hideWarnings: true });
  return { ...config, configPath: "", userConfigPath: "", definedEnvironments: [], main: "" };
}

const edit = (dir: string, file: string, change: (text: string) => string): void =>
  writeFileSync(path.join(dir, file), change(readText(dir, file)));

const isCurrent = (dir: string): boolean[] =>
  generateFiles(dir, readText(dir, SOURCE)).map(({ before, text }) => text === before);

test("the committed files have the environments of the source: if not, npm run environments", () => {
  expect(isCurrent(ROOT)).toEqual([true, true]);
});

test.each([
  ["wrangler.producer.toml", "limit = 100", "limit = 10"],
  ["wrangler.consumer.toml", "retry_delay = 60", "retry_delay = 6"],
  ["wrangler.consumer.toml", /dead_letter_queue.*\n/, ""],
  ["environments.toml", 'namespace_id = "1002"', 'namespace_id = "1009"'],
] as const)("an edit in %s is noticed, and undone or spread by writing: %s", (file, from, to) => {
  const dir = copyFiles();
  edit(dir, file, (text) => text.replace(from, to));
  expect(isCurrent(dir)).toContain(false);

  expect(writeEnvironments(dir, readText(dir, SOURCE))).toHaveLength(1);

  expect(isCurrent(dir)).toEqual([true, true]);
  expect(writeEnvironments(dir, readText(dir, SOURCE))).toEqual([]);
});

test("what is outside the generated part stays", () => {
  const dir = copyFiles();
  edit(dir, "wrangler.producer.toml", (text) => `# first\n${text}\n# last\n[env.other]\n`);
  const before = readText(dir, "wrangler.producer.toml");

  writeEnvironments(dir, withCell(source, "acme-2"));

  const [begin, end] = before.split(/(?<=^# ── environments.*\n)[\s\S]*?(?=^# ── end of)/m);
  const after = readText(dir, "wrangler.producer.toml");
  expect([after.startsWith(begin ?? "?"), after.endsWith(end ?? "?")]).toEqual([true, true]);
});

test("a file without the markers is not written", () => {
  const dir = copyFiles();
  edit(dir, "wrangler.consumer.toml", (text) => text.replace("# ── end", "# ── no"));
  const before = readText(dir, "wrangler.producer.toml");

  expect(() => writeEnvironments(dir, withCell(source, "acme-2"))).toThrow(
    "wrangler.consumer.toml has no generated part",
  );
  expect([readText(dir, SOURCE), readText(dir, "wrangler.producer.toml")]).toEqual([source, before]);
});

test.each(FILES)("a cell in %s has all that production has, under names of its own", (file) => {
  const dir = copyFiles();
  writeEnvironments(dir, withCell(source, "acme-2"));

  const cell = configOf(dir, file, "acme-2");
  const production = configOf(dir, file, "production");
  const own = (name: string, id: string) => (value: unknown) =>
    JSON.stringify(value).replaceAll(`-${name}`, "-<cell>").replaceAll(id, "_<cell>");
  for (const key of [
    "queues",
    "analytics_engine_datasets",
    "durable_objects",
    "r2_buckets",
    "secrets",
    "name",
  ])
    expect(own("acme-2", "_acme_2")(cell[key] ?? null)).toBe(
      own("production", "_production")(production[key] ?? null),
    );
  expect(Object.keys(Object(cell.vars))).toEqual(Object.keys(Object(production.vars)));
  expect(cell).toMatchObject({
    vars: { ENVIRONMENT: "production" },
    d1_databases: [
      { database_name: "webhook-gateway-acme-2", database_id: "00000000-0000-4000-8000-000000000000" },
    ],
  });
  for (const env of ENVIRONMENTS) expect(configOf(dir, file, env)).toEqual(configOf(ROOT, file, env));
});

test("a cell is a few lines at the end of the source, added once", () => {
  const added = withCell(source, "acme-2");

  expect(added.startsWith(source.trimEnd())).toBe(true);
  expect(added.slice(source.trimEnd().length).trim().split("\n")).toHaveLength(7);
  expect(withCell(added, "acme-2")).toBe(added);
});

test("what an environment has of its own wins, and no other environment has it", () => {
  const dir = copyFiles();
  const own = '[env.acme-2.producer]\nworkers_dev = false\nvars.ACCESS_AUD = "abc{environment}"\n';
  writeEnvironments(dir, `${withCell(withCell(source, "acme-3"), "acme-2")}\n${own}`);
  const file = "wrangler.producer.toml";

  const other = configOf(dir, file, "acme-3");
  expect(configOf(dir, file, "acme-2")).toMatchObject({
    workers_dev: false,
    vars: { ...Object(other.vars), ACCESS_AUD: "abc{environment}" },
  });
  expect(other).toMatchObject({ workers_dev: true, vars: { ACCESS_AUD: "" } });
});

test("lines keep the ends that Windows gives them", () => {
  const dir = copyFiles();
  for (const file of [SOURCE, ...FILES]) edit(dir, file, (text) => text.replaceAll("\n", "\r\n"));
  expect(isCurrent(dir)).toEqual([true, true]);

  writeEnvironments(dir, withCell(readText(dir, SOURCE), "acme-2"));

  for (const file of [SOURCE, ...FILES])
    expect(readFileSync(path.join(dir, file), "utf8").replaceAll("\r\n", "")).not.toContain("\n");
});
