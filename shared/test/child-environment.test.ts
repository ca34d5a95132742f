import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import {
  childEnvironment,
  gitEnvironment,
  grainchainEnvironment,
  localEnvironment,
  toolEnvironment,
} from "../src/process/child-environment.mjs";
import { proxyVariables, startAsked } from "./support/proxy.ts";
import { makeOddHome, makeOtherRepository } from "./support/surroundings.ts";

const run = promisify(execFile);
const PATH = process.env.PATH ?? "";
const LOOPBACK = "localhost,127.0.0.1,::1,[::1]";
const PAST = { NO_PROXY: LOOPBACK, no_proxy: LOOPBACK };
const REACH = {
  HTTPS_PROXY: "http://proxy.example:3128",
  all_proxy: "http://proxy.example:3128",
  SSL_CERT_FILE: "/etc/ca.pem",
  GIT_SSL_CAINFO: "/etc/ca.pem",
  SSH_AUTH_SOCK: "/run/agent",
};
const OWN = {
  HOME: "/home/ada",
  LC_ALL: "tr_TR",
  NODE_OPTIONS: "--stack-size=2000",
  FORCE_COLOR: "1",
  PORT: "8788",
};
const OF_OTHERS = {
  NODE_ENV: "production",
  GIT_DIR: "/other/.git",
  GIT_INDEX_FILE: "/other/index",
  GIT_SSH: "ssh",
};
const ACCOUNT = { CLOUDFLARE_API_TOKEN: "token", CLOUDFLARE_ENV: "production", WRANGLER_LOG: "none" };
const VARIABLE = { CLOUDFLARE_WORKER_URL: "https://gateway.example" };
const GIVEN = { PATH, ...REACH, ...OWN, ...OF_OTHERS, ...ACCOUNT, ...VARIABLE, GONE: undefined };

test("a child gets what is given, without what is meant for another program", () => {
  expect(childEnvironment(GIVEN)).toEqual({ PATH, ...REACH, ...OWN, ...ACCOUNT, ...VARIABLE, ...PAST });
});

test("what works on this machine alone gets no account either", () => {
  expect(localEnvironment(GIVEN)).toEqual({ PATH, ...REACH, ...OWN, ...VARIABLE, ...PAST });
});

test("the embedded Grainchain gets what it and Node need, and no token", () => {
  const { HOME, LC_ALL, NODE_OPTIONS } = OWN;
  const settings = { GRAINCHAIN_CONCURRENCY: "3" };
  expect(grainchainEnvironment({ ...GIVEN, ...settings, GITHUB_TOKEN: "token" })).toEqual({
    PATH,
    ...REACH,
    HOME,
    LC_ALL,
    NODE_OPTIONS,
    ...settings,
    ...PAST,
  });
});

test.each([
  [{}, []],
  [{ GRAINCHAIN_DEFAULT_PROVIDER: "e2b" }, ["E2B_API_KEY"]],
  [{ GRAINCHAIN_DEFAULT_PROVIDER: "e2b", GRAINCHAIN_PROVIDER: "daytona" }, ["DAYTONA_API_KEY"]],
  [{ GRAINCHAIN_DEFAULT_PROVIDER: "local" }, []],
])("with %j, the embedded Grainchain gets the keys %j of services", (chosen, keys) => {
  const given = { ...GIVEN, ...chosen, E2B_API_KEY: "e2b-key", DAYTONA_API_KEY: "daytona-key" };
  expect(Object.keys(grainchainEnvironment(given)).filter((name) => name.endsWith("_KEY"))).toEqual(keys);
});

test("git gets how others are reached, and settings of its own", () => {
  expect(gitEnvironment(GIVEN)).toEqual({
    PATH,
    ...REACH,
    ...PAST,
    HOME: expect.stringMatching(/git-home$/),
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
  });
});

test("a tool of the system gets where programs are", () => {
  expect(toolEnvironment(GIVEN)).toEqual({ PATH, LC_ALL: "C" });
  expect(toolEnvironment({})).toEqual({ PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C" });
});

test.each([
  [{}, LOOPBACK],
  [{ NO_PROXY: "" }, LOOPBACK],
  [{ NO_PROXY: "a.example, .b.example" }, `a.example,.b.example,${LOOPBACK}`],
  [{ no_proxy: "a.example" }, `a.example,${LOOPBACK}`],
  [
    { no_proxy: "a.example", NO_PROXY: "b.example 127.0.0.1" },
    "a.example,b.example,127.0.0.1,localhost,::1,[::1]",
  ],
  [{ NO_PROXY: " * " }, "*"],
])("adds loopback to what %j exempts from proxies", (given, expected) => {
  expect(childEnvironment(given)).toEqual({ NO_PROXY: expected, no_proxy: expected });
});

describe("with every proxy set", () => {
  const FETCH = `for (const url of process.argv.slice(1)) {
    const { status } = await fetch(url);
    if (status !== 404) throw new Error(url + ": " + status);
  }`;

  test("Node reaches this machine by each of its names, without a proxy", async () => {
    const proxy = await startAsked();
    const here = await startAsked();
    const hosts = ["127.0.0.1", "localhost"];
    // Not every machine has it.
    await startAsked("::1", here.port).then(
      () => hosts.push("[::1]"),
      () => undefined,
    );
    const env = childEnvironment({ PATH, ...proxyVariables(proxy.port) });
    const urls = hosts.map((host) => `http://${host}:${here.port}/`);

    await run(process.execPath, ["--input-type=module", "--eval", FETCH, ...urls], { env });

    expect(proxy.urls).toEqual([]);
    expect(here.urls).toContain("/");
  });

  test("git reaches this machine without one, and others by the person's", async () => {
    const proxy = await startAsked();
    const here = await startAsked();
    const env = gitEnvironment({ PATH, ...proxyVariables(proxy.port) });

    await expect(run("git", ["ls-remote", `http://127.0.0.1:${here.port}/a`], { env })).rejects.toThrow();
    expect([here.urls.length > 0, proxy.urls]).toEqual([true, []]);

    await expect(run("git", ["ls-remote", "http://elsewhere.invalid/a"], { env })).rejects.toThrow();
    expect(proxy.urls).toEqual(["http://elsewhere.invalid/a/info/refs?service=git-upload-pack"]);
  });
});

test("git reads no configuration but its own, and sees no repository that a variable names", async () => {
  const home = makeOddHome();
  const other = makeOtherRepository();
  const odd = { HOME: home, XDG_CONFIG_HOME: home, GIT_CONFIG_GLOBAL: path.join(home, ".gitconfig") };
  const options = { env: gitEnvironment({ PATH, ...odd, ...other.variables }), cwd: home };

  const { stdout } = await run("git", ["config", "--list", "--show-origin", "--name-only"], options);

  const files = stdout.split("\n").flatMap((line) => line.split("\t")[0] || []);
  expect([...new Set(files)]).toEqual([`file:${path.join(gitEnvironment({}).HOME ?? "", ".gitconfig")}`]);
  await expect(run("git", ["rev-parse", "--git-dir"], options)).rejects.toThrow("not a git repository");
});
