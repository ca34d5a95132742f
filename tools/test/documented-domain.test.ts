import { cpSync, readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { expect, test } from "vitest";
import { unstable_readConfig } from "wrangler";
import { readText, SOURCE, withCell, writeEnvironments } from "../../cli/src/project/environments.ts";
import { FILES } from "../../cli/test/support/fake-wrangler-project.ts";
import { makeDirectory } from "../../test/system/repositories.ts";

const [, documented = ""] =
  /```toml\n(\[env\.production\.producer\]\nworkers_dev [\s\S]*?)```/.exec(
    readFileSync(path.join(ROOT, "docs/operations.md"), "utf8"),
  ) ?? [];

test("the documented domain is an environment's, and changes nothing else", () => {
  const dir = makeDirectory();
  for (const file of [SOURCE, ...FILES]) cpSync(path.join(ROOT, file), path.join(dir, file));
  const read = (env: string) => {
    const { routes, workers_dev, vars, ratelimits } = unstable_readConfig(
      { config: path.join(dir, "wrangler.producer.toml"), env },
      { hideWarnings: true },
    );
    return { routes, workers_dev, vars, ratelimits };
  };
  // A checkout may have a domain of its own in production.
  const without = withCell(readText(ROOT, SOURCE), "acme-2");
  writeEnvironments(dir, without);
  const [before, production] = [read("acme-2"), read("production")];

  writeEnvironments(dir, `${without}\n${documented.replaceAll("env.production", "env.acme-2")}`);

  expect(read("acme-2")).toEqual({
    ...before,
    routes: [{ pattern: "webhooks.example.com", custom_domain: true }],
    workers_dev: false,
  });
  expect(read("production")).toEqual(production);
});

test("the file contains the documented lines", () => {
  expect(readText(ROOT, SOURCE)).toMatch(
    /^(# )?\[\[env\.production\.producer\.routes\]\]\n(# )?pattern = ".+"\n(# )?custom_domain = true$/m,
  );
});
