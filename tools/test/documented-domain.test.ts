import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { expect, test } from "vitest";
import { unstable_readConfig } from "wrangler";
import { makeDirectory } from "../../test/system/repositories.ts";

const FILE = "wrangler.producer.toml";
const toml = readFileSync(path.join(ROOT, FILE), "utf8");
const [, documented = ""] =
  /```toml\n(\[env\.production\]\nworkers_dev [\s\S]*?)```/.exec(
    readFileSync(path.join(ROOT, "docs/operations.md"), "utf8"),
  ) ?? [];

function readWith(text: string, env: string) {
  const config = path.join(makeDirectory(), FILE);
  cpSync(path.join(ROOT, FILE), config);
  writeFileSync(config, text);
  const { routes, workers_dev, vars, ratelimits } = unstable_readConfig(
    { config, env },
    { hideWarnings: true },
  );
  return { routes, workers_dev, vars, ratelimits };
}

test("the documented domain is production's, and changes nothing else", () => {
  // A checkout may have one of its own.
  const without = toml.replace(/^# A domain of your own[\s\S]*?(?=^\[env\.production\.vars\])/m, "");
  const changed = without.replace("[env.production.vars]", `${documented}\n[env.production.vars]`);

  expect(readWith(changed, "production")).toEqual({
    ...readWith(without, "production"),
    routes: [{ pattern: "webhooks.example.com", custom_domain: true }],
    workers_dev: false,
  });
  expect(readWith(changed, "staging")).toEqual(readWith(without, "staging"));
});

test("the file contains the documented lines", () => {
  expect(toml).toMatch(
    /^(# )?\[\[env\.production\.routes\]\]\n(# )?pattern = ".+"\n(# )?custom_domain = true\n\n\[env\.production\.vars\]/m,
  );
});
