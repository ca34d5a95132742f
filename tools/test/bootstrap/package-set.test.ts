import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { expect, test } from "vitest";
import { makeDirectory } from "../../../grainchain/test/support/repositories.ts";
import {
  installArguments,
  largerSet,
  providersNeededBy,
  setInstalledByHand,
  setNeededBy,
} from "../../bootstrap/package-set.mjs";
import { lockedPackages } from "../support/locked-packages.ts";

test.each([
  ["start", [], "production"],
  ["start", ["--no-demo"], "production"],
  ["gateway", ["status"], "production"],
  ["gateway", ["--url", "https://gateway.example.com", "mcp"], "assistant"],
  ["d1", ["SELECT 1"], "production"],
  ["invariants", [], "production"],
  ["wrangler", ["--version"], "production"],
  ["grainchain", [], "production"],
  ["sbom", [], "production"],
  ["changeset", [], "development"],
  ["simulate", ["--hours", "1"], "development"],
  ["release:version", [], "development"],
  ["test", ["--project", "shared"], "development"],
  ["test", [], "bench"],
  ["bench:size", [], "bench"],
])("%s %j needs the %s packages", (command, args, set) => {
  expect(setNeededBy(command, args)).toBe(set);
});

test.each([
  ["production", "development", "development"],
  ["bench", "production", "bench"],
  ["production", "assistant", "assistant"],
  ["assistant", "development", "development"],
  [undefined, "production", "production"],
  ["development", undefined, "development"],
  [undefined, undefined, undefined],
  ["one of a newer bootstrap", "production", "production"],
])("of %s and %s installs %s", (one, other, larger) => {
  expect(largerSet(one, other)).toBe(larger);
});

test.each([
  ["start", {}, []],
  ["start", { GRAINCHAIN_DEFAULT_PROVIDER: "e2b" }, ["e2b"]],
  ["start", { GRAINCHAIN_DEFAULT_PROVIDER: "e2b", GRAINCHAIN_PROVIDER: "local" }, []],
  ["grainchain", { GRAINCHAIN_PROVIDER: "daytona" }, ["daytona"]],
  ["gateway", { GRAINCHAIN_PROVIDER: "daytona" }, []],
  ["start", { GRAINCHAIN_PROVIDER: "../bench" }, []],
])("%s with %j needs the SDKs %j", (command, env, providers) => {
  expect(providersNeededBy(command, env)).toEqual(providers);
});

const without = (...names: string[]) => names.flatMap((name) => ["--filter", `!@webhook-gateway/${name}`]);

test.each([
  ["production", [], [...without("mcp", "e2b", "daytona", "bench"), "--prod"]],
  ["production", ["e2b"], [...without("mcp", "daytona", "bench"), "--prod"]],
  ["assistant", ["daytona"], [...without("e2b", "bench"), "--prod"]],
  ["development", [], without("bench")],
  ["bench", [], []],
])("installs the %s packages and the SDKs %j", (set, providers, args) => {
  expect(installArguments(set, providers).slice(4)).toEqual(args);
});

test.each([
  ["everything", '{"included":{"dependencies":true,"devDependencies":true}}', "development"],
  ["what runs the gateway", '{"included":{"dependencies":true,"devDependencies":false}}', "production"],
  ["nothing that is known", "included: {}", undefined],
])("sees that somebody has installed %s", (_, text, set) => {
  const file = path.join(makeDirectory(), ".modules.yaml");
  writeFileSync(file, text);
  expect(setInstalledByHand(file)).toBe(set);
});

test("npm start installs no linter, compiler, test package or API description, and nothing that it never runs", () => {
  const names = lockedPackages().map((key) => key.replace(/(.)@.*$/, "$1"));

  expect(names).toContain("wrangler");
  expect(names.length).toBeLessThan(120);
  const unwanted =
    /modelcontextprotocol|^zod$|^e2b$|daytona|biome|markdownlint|^typescript|vite|@octokit\/(openapi|webhooks-examples)$|^ajv|fast-check|@types|workers-types|sharp|tsx|playwright|axe-core/;
  expect(names.filter((name) => unwanted.test(name))).toEqual([]);
});

/** What a production install has to run, without the Workers, which Wrangler bundles. */
const ENTRIES = [
  "local/start",
  "local/apply-migrations",
  "database/d1",
  "database/invariants",
  "release/sbom",
].map((name) => `tools/${name}.ts`);
ENTRIES.push("cli/src/index.ts", "grainchain/src/index.ts", "producer/src/index.ts", "consumer/src/index.ts");

/** @returns `<workspace package> <imported package>` for every import that is there at run time */
function importsOf(entries: readonly string[]): string[] {
  const seen = new Set<string>();
  const found = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    // The demo's repository has files of its own, in text.
    if (!existsSync(path.join(ROOT, file))) return;
    const text = readFileSync(path.join(ROOT, file), "utf8");
    const imports = text.matchAll(/^(?:import|export) (?!type )[^;]*?from "([^"]+)"|\bimport\("([^"]+)"\)/gm);
    for (const [, from, dynamic] of imports) {
      const name = from ?? dynamic ?? "";
      const shared = name.replace(/^@webhook-gateway\/shared\//, "shared/src/");
      if (name.startsWith(".")) visit(path.join(path.dirname(file), name));
      else if (shared !== name) visit(shared);
      else if (!/^(?:node|cloudflare):/.test(name)) found.add(`${folderOf(file)} ${packageOf(name)}`);
    }
  };
  for (const entry of entries) visit(entry);
  return [...found];
}

/** The folder of the workspace's package that a file belongs to. */
function folderOf(file: string): string {
  const folder = path.dirname(file);
  return existsSync(path.join(ROOT, folder, "package.json")) ? folder : folderOf(folder);
}

const packageOf = (name: string): string => name.split("/", name.startsWith("@") ? 2 : 1).join("/");

test("what npm start runs imports packages that a production install has", () => {
  const imports = importsOf(ENTRIES);

  expect(imports).toContain("cli commander");
  expect(imports).toContain("producer hono");
  expect(imports).toContain("cli/mcp @modelcontextprotocol/server");
  const missing = imports.filter((line) => {
    const [folder = "", name = ""] = line.split(" ");
    const { dependencies = {} } = JSON.parse(readFileSync(path.join(ROOT, folder, "package.json"), "utf8"));
    return !Object.hasOwn(dependencies, name);
  });
  expect(missing).toEqual([]);
});
