/** Are the programs recent enough, and those that this checkout is tested with? */
import { readFileSync } from "node:fs";
import path from "node:path";
import { isRecentNode, MIN_NODE } from "@webhook-gateway/shared/process/node-version.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import * as v from "valibot";
import { type Check, WRANGLER_TIMEOUT_MS } from "./check.ts";
import type { CheckContext } from "./context.ts";
import { fail, ok, warn } from "./finding.ts";

const packageFile = v.object({ dependencies: v.object({ wrangler: v.string() }) });

export const versionChecks = (context: CheckContext): Check[] => [
  {
    name: "Node",
    async run() {
      const { node } = process.versions;
      if (isRecentNode(node)) return [ok(node)];
      return [fail(`${node} is too old for Wrangler`, `install Node ${MIN_NODE} or newer`)];
    },
  },
  {
    name: "Wrangler",
    timeoutMs: WRANGLER_TIMEOUT_MS,
    async run(signal) {
      const { code, stdout, problem } = await context.wrangler(["--version"], { signal });
      const [found] = /\d+\.\d+\.\d+[\w.-]*/.exec(stdout) ?? [];
      const fix = "pnpm install";
      if (code !== 0 || found === undefined) return [fail(`it does not run: ${problem}`, fix)];
      const text = readFileSync(path.join(ROOT, "package.json"), "utf8");
      const expected = v.parse(packageFile, JSON.parse(text)).dependencies.wrangler;
      if (found === expected) return [ok(found)];
      return [warn(`${found}, but this checkout is tested with ${expected}`, fix)];
    },
  },
];
