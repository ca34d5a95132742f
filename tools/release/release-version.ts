/**
 * `npm run release:version`: turns the changesets into a new version and its section of the changelog. The version is in
 * package.json, and in the Workers' code, which shows it.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { childEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import * as v from "valibot";

const VERSION_FILE = path.join(ROOT, "shared/src/version.ts");

const { status } = spawnSync(
  process.execPath,
  [path.join(ROOT, "node_modules/@changesets/cli/bin.js"), "version"],
  { cwd: ROOT, env: childEnvironment(process.env), stdio: "inherit" },
);
if (status === 0) writeVersion();
process.exitCode = status ?? 1;

function writeVersion(): void {
  const manifest = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8"));
  const { version } = v.parse(v.object({ version: v.string() }), manifest);
  const text = readFileSync(VERSION_FILE, "utf8");
  writeFileSync(VERSION_FILE, text.replace(/(VERSION = ")[^"]+/, `$1${version}`));
}
