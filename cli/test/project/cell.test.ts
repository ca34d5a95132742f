import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { expect, test } from "vitest";
import { unstable_readConfig } from "wrangler";
import { makeDirectory } from "../../../test/system/repositories.ts";
import { addCell, environmentsOf } from "../../src/project/cell.ts";

const FILES = ["wrangler.producer.toml", "wrangler.consumer.toml"];
const read = (file: string): string => readFileSync(path.join(ROOT, file), "utf8");

/** What Wrangler reads of an environment. */
function configOf(toml: string, env: string): Record<string, unknown> {
  const config = path.join(makeDirectory(), "wrangler.toml");
  writeFileSync(config, toml);
  return unstable_readConfig({ config, env }, { hideWarnings: true }) as unknown as Record<string, unknown>;
}

/** With the names of one environment in place of another's. */
const renamed = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value ?? null)
      .replaceAll("-production", "-acme-2")
      .replaceAll("_production", "_acme_2")
      .replaceAll(".production.", ".acme-2."),
  );

test.each(FILES)("a cell in %s has all that production has, under names of its own", (file) => {
  const toml = read(file);
  const config = configOf(addCell(toml, "acme-2"), "acme-2");
  const production = configOf(toml, "production");
  for (const key of ["queues", "analytics_engine_datasets", "durable_objects", "secrets", "limits", "name"]) {
    expect([key, config[key] ?? null]).toEqual([key, renamed(production[key])]);
  }
  expect(config).toMatchObject({
    vars: { ENVIRONMENT: "production" },
    d1_databases: [
      { database_name: "webhook-gateway-acme-2", database_id: "00000000-0000-4000-8000-000000000000" },
    ],
  });
  expect(Object.keys(Object(config.vars))).toEqual(Object.keys(Object(production.vars)));
});

test.each(FILES)("adding a cell to %s changes nothing else, and happens once", (file) => {
  const toml = read(file);
  const added = addCell(toml, "acme-2");
  expect(added.startsWith(toml.trimEnd())).toBe(true);
  expect(environmentsOf(added)).toEqual([...environmentsOf(toml), "acme-2"]);
  expect(addCell(added, "acme-2")).toBe(added);
  const both = addCell(added, "acme-3");
  expect(configOf(both, "acme-2")).toMatchObject({ name: expect.stringMatching(/-acme-2$/) });
  expect(configOf(both, "acme-3")).toMatchObject({ name: expect.stringMatching(/-acme-3$/) });
});

test("what belongs to one gateway alone is not copied", () => {
  const toml = read("wrangler.consumer.toml")
    .replaceAll(/^CLOUDFLARE_WORKER_URL = ".*"/gm, 'CLOUDFLARE_WORKER_URL = "https://hooks.acme.test"')
    .replaceAll('RECONCILE_HOOKS = ""', 'RECONCILE_HOOKS = "org:acme/1"');
  expect(configOf(addCell(toml, "acme-2"), "acme-2").vars).toMatchObject({
    CLOUDFLARE_WORKER_URL: "https://webhook-gateway-producer-acme-2.example.workers.dev",
    RECONCILE_HOOKS: "",
  });
  const routes = '\n[[env.production.routes]]\npattern = "hooks.acme.test"\ncustom_domain = true\n';
  const producer = addCell(`${read("wrangler.producer.toml")}${routes}`, "acme-2");
  expect(configOf(producer, "acme-2").routes).toBeUndefined();
});

test("cells do not share a rate limit", () => {
  const toml = addCell(addCell(read("wrangler.producer.toml"), "acme-2"), "acme-3");
  const ids = [...toml.matchAll(/^namespace_id = "(\d+)"/gm)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(5);
});

test("lines keep the ends that Windows gives them", () => {
  const toml = read("wrangler.producer.toml").replaceAll("\n", "\r\n");
  expect(addCell(toml, "acme-2").replaceAll("\r\n", "")).not.toContain("\n");
});
