/** Are the programs recent enough, and the same as those that this checkout was tried with? */
import { readFileSync } from "node:fs";
import path from "node:path";
import * as v from "valibot";
import { ROOT } from "../../dev/settings.ts";
import { type Check, WRANGLER_TIMEOUT_MS } from "./check.ts";
import { fail, ok, warn } from "./finding.ts";
import type { Place } from "./place.ts";

/** Wrangler's least. */
const MIN_NODE = [22, 12] as const;

const packageFile = v.object({ devDependencies: v.object({ wrangler: v.string() }) });

export const versionChecks = (place: Place): Check[] => [
  {
    name: "Node",
    async run() {
      const { node } = process.versions;
      const [major = 0, minor = 0] = node.split(".").map(Number);
      const recent = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1]);
      if (recent) return [ok("Node", node)];
      return [fail("Node", `${node} is too old for Wrangler`, `install Node ${MIN_NODE.join(".")} or newer`)];
    },
  },
  {
    name: "Wrangler",
    timeoutMs: WRANGLER_TIMEOUT_MS,
    async run(signal) {
      const { code, stdout, problem } = await place.wrangler(["--version"], { signal });
      const [found] = /\d+\.\d+\.\d+[\w.-]*/.exec(stdout) ?? [];
      const mend = "pnpm install";
      if (code !== 0 || found === undefined) return [fail("Wrangler", `it does not run: ${problem}`, mend)];
      const text = readFileSync(path.join(ROOT, "package.json"), "utf8");
      const wanted = v.parse(packageFile, JSON.parse(text)).devDependencies.wrangler;
      if (found === wanted) return [ok("Wrangler", found)];
      return [warn("Wrangler", `${found}, and this checkout was tried with ${wanted}`, mend)];
    },
  },
];
