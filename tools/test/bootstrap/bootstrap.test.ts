import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { expect, test } from "vitest";
import { isRecentNode, MIN_NODE } from "../../../shared/src/process/node-version.mjs";
import { proxyVariables, startAsked } from "../../../shared/test/support/proxy.ts";

const BOOTSTRAP = path.join(ROOT, "tools/bootstrap/bootstrap.mjs");
/** Makes the bootstrap, and nothing that it starts, take its Node for the oldest that README promises. */
const OLD_NODE = `data:text/javascript,${encodeURIComponent(
  'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.0.0" } })',
)}`;

const run = (args: readonly string[], env = {}) =>
  promisify(execFile)(process.execPath, ["--import", OLD_NODE, BOOTSTRAP, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
  });

test("runs this checkout's Wrangler even if the machine's Node is too old for it", async () => {
  const { stdout } = await run(["wrangler", "--version"]);

  const { dependencies } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8"));
  expect(stdout).toContain(dependencies.wrangler);
});

test("passes its arguments to Wrangler, and exits with the same code", async () => {
  const failed = run(["wrangler", "deploy", "-c", "no-such-file.toml", "--dry-run"]);

  await expect(failed).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining("no-such-file") });
});

test("lets a command reach this machine, whatever proxies are set", async () => {
  const proxy = await startAsked();
  const gateway = await startAsked();
  const url = `http://127.0.0.1:${gateway.port}`;
  const surroundings = { ...proxyVariables(proxy.port), GITHUB_WEBHOOK_SECRET: "secret" };

  const failed = run(["gateway", "--url", url, "send", "ping"], surroundings);

  await expect(failed).rejects.toMatchObject({ stdout: expect.stringMatching(/^404 in /) });
  expect([gateway.urls, proxy.urls]).toEqual([["/webhook/github"], []]);
});

test.each([
  ["20.20.2", false],
  ["22.17.1", false],
  ["22.18.0", true],
  ["23.11.1", false],
  ["24.21.0", true],
])("takes Node %s for recent enough: %s", (version, recent) => {
  expect(isRecentNode(version)).toBe(recent);
});

test("requires no older Node than Wrangler does, and documents the version", () => {
  const text = readFileSync(path.join(ROOT, "node_modules/wrangler/package.json"), "utf8");
  const [needed = ""] = /[\d.]+/.exec(JSON.parse(text).engines.node) ?? [];
  expect([needed, `${MIN_NODE}.0`].toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }))[0]).toBe(
    needed,
  );
  expect(readFileSync(path.join(ROOT, "README.md"), "utf8")).toContain(`older than ${MIN_NODE}`);
  expect(readFileSync(path.join(ROOT, "CONTRIBUTING.md"), "utf8")).toContain(`Node ≥ ${MIN_NODE}`);
});
