import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { describe, expect, test } from "vitest";
import { FILES } from "../../cli/test/support/fake-wrangler-project.ts";
import { makeDirectory } from "../../test/system/repositories.ts";
import { environmentDifferences, sharedResources } from "./support/worker-environments.ts";

test("staging and production match development, except for their own values", () => {
  expect(environmentDifferences(ROOT)).toEqual([]);
});

test("no two environments share a resource", () => {
  expect(sharedResources(ROOT)).toEqual([]);
});

/** A copy of both files, with staging's part of one edited. */
function edited(worker: "producer" | "consumer", from: string | RegExp, to: string): string {
  const dir = makeDirectory();
  for (const file of FILES) cpSync(path.join(ROOT, file), path.join(dir, file));
  const file = path.join(dir, `wrangler.${worker}.toml`);
  const toml = readFileSync(file, "utf8");
  const [begin, end] = [toml.indexOf("[env.staging.vars]"), toml.indexOf("# ── production")];
  const changed = toml.slice(begin, end).replace(from, to);
  expect(changed).not.toBe(toml.slice(begin, end));
  writeFileSync(file, toml.slice(0, begin) + changed + toml.slice(end));
  return dir;
}

const PRODUCER_TABLES: readonly (readonly [string, RegExp])[] = [
  ["rate limit", /\[\[env\.staging\.ratelimits\]\][\s\S]*$/],
  ["dataset", /\[\[env\.staging\.analytics_engine_datasets\]\]\n.*\n.*\n/],
  ["database", /\[\[env\.staging\.d1_databases\]\]\n.*\n.*\n.*\n.*\n/],
  ["queue", /\[\[env\.staging\.queues\.producers\]\]\n.*\n.*\n/],
];

describe("drift is noticed", () => {
  test.each(PRODUCER_TABLES)("if staging is missing its %s", (_, table) => {
    const dir = edited("producer", table, "");

    expect(environmentDifferences(dir)).not.toEqual([]);
    expect(() => sharedResources(dir)).toThrow();
  });

  test.each([
    ["producer", "limit = 100", "limit = 10", "ratelimits.0.simple.limit: 100, here 10"],
    ["producer", ', "READER_TOKEN"]', "]", 'secrets.required.3: "READER_TOKEN", here undefined'],
    [
      "producer",
      'DEBUG_MODE = "false"',
      'DEBUG_MODE = "true"',
      'vars.WEBHOOK_DEBUG_MODE: "false", here "true"',
    ],
    ["consumer", "retry_delay = 60", "retry_delay = 6", "queues.consumers.0.retry_delay: 60, here 6"],
    ["consumer", /dead_letter_queue.*\n/, "", "queues.consumers.0.dead_letter_queue: "],
    ["consumer", '"BUDGETS"', '"BUDGET"', "durable_objects.bindings.0.name: "],
    ["consumer", 'GITHUB_API_URL = "', 'GITHUB_URL = "', "vars.GITHUB_API_URL: "],
  ] as const)("in the %s: %s", (worker, from, to, difference) => {
    const found = environmentDifferences(edited(worker, from, to));

    expect(found).toContainEqual(expect.stringContaining(`staging: ${worker}.${difference}`));
  });

  test.each([
    ["producer", /namespace_id = "1002"/, 'namespace_id = "1003"', "rate limit 1003: staging, production"],
    [
      "consumer",
      'dead_letter_queue = "webhook-gateway-dead-staging"',
      'dead_letter_queue = "webhook-gateway-dead-production"',
      "webhook-gateway-dead-production: staging, production",
    ],
  ] as const)("where staging has a resource of production: %s %s", (worker, from, to, shared) => {
    expect(sharedResources(edited(worker, from, to))).toEqual([shared]);
  });
});
