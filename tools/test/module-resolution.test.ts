/** Node runs these files as they are. It is stricter than TypeScript and the bundlers in what it takes for a module. */
import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { childEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { expect, test } from "vitest";

interface Import {
  readonly name: string;
  readonly by: string;
}

const FILES = globSync("{{bench,cli,consumer,grainchain,shared}/src,tools}/**/*.{ts,mjs}", { cwd: ROOT });

/** Imports of a file within a package. Those of a whole package are found wherever it is installed. */
const imports = FILES.flatMap((file): Import[] => {
  const text = readFileSync(path.join(ROOT, file), "utf8");
  const names = text.matchAll(
    /^(?:import|export) (?!type )[^;]*?from "((?:@[^/"]+\/)?[a-z][^/":]*\/[^"]+)"/gm,
  );
  return [...names].map(([, name = ""]) => ({ name, by: pathToFileURL(path.join(ROOT, file)).href }));
});

const RESOLVE = `
  import { existsSync, readFileSync } from "node:fs";
  const found = ({ name, by }) => {
    try {
      return existsSync(new URL(import.meta.resolve(name, by)));
    } catch {
      return false;
    }
  };
  console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).filter((one) => !found(one))));`;

function missing(among: readonly Import[]): unknown {
  const args = ["--experimental-import-meta-resolve", "--input-type=module", "--eval", RESOLVE];
  const options = {
    input: JSON.stringify(among),
    encoding: "utf8",
    env: childEnvironment(process.env),
  } as const;
  return JSON.parse(execFileSync(process.execPath, args, options));
}

test("Node finds every file of a package that a program imports", () => {
  expect(imports.map(({ name }) => name)).toContain("picomatch/posix.js");
  expect(missing(imports)).toEqual([]);
});

test("a file without its extension would not be found", () => {
  const by = pathToFileURL(path.join(ROOT, "shared/src/routing/routing-policy.ts")).href;
  expect(missing([{ name: "picomatch/posix", by }])).toHaveLength(1);
});
