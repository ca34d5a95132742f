// Runs one of this project's commands on a machine that may have nothing but git, Node 20 and npm.
//
//   node tools/bootstrap/bootstrap.mjs <command> [arguments]
//
// It installs what the command needs of the workspace's packages, if the lockfile has changed since it last did or if
// the command needs more of them, and runs the command. A machine whose Node is too old, or that has no pnpm, gets both
// from the npm registry, into `node_modules`; nothing is installed globally. Plain JavaScript without dependencies: it
// runs before anything is installed.
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { childEnvironment, localEnvironment } from "../../shared/src/process/child-environment.mjs";
import { isRecentNode } from "../../shared/src/process/node-version.mjs";
import { ROOT } from "../../shared/src/process/root.mjs";
import {
  installArguments,
  largerSet,
  leftOutOf,
  providersNeededBy,
  setInstalledByHand,
  setNeededBy,
} from "./package-set.mjs";
import { watchParent } from "./parent.mjs";
import { fetchTool, programFile, readTools } from "./toolchain.mjs";

const COMMANDS = {
  start: "tools/local/start.ts",
  test: "tools/check/test.ts",
  "test:soak": "tools/check/soak.ts",
  simulate: "test/simulation/simulate.ts",
  d1: "tools/database/d1.ts",
  invariants: "tools/database/invariants.ts",
  gateway: "cli/src/index.ts",
  wrangler: "node_modules/wrangler/bin/wrangler.js",
  grainchain: "grainchain/src/index.ts",
  environments: "tools/release/environments.ts",
  sbom: "tools/release/sbom.ts",
  screenshots: "tools/release/screenshots.ts",
  changeset: "node_modules/@changesets/cli/bin.js",
  "release:version": "tools/release/release-version.ts",
  bench: "bench/src/ack.ts",
  "bench:end-to-end": "bench/src/end-to-end.ts",
  "bench:growth": "bench/src/growth.ts",
  "bench:scale": "bench/src/scale.ts",
  "bench:size": "bench/src/bundle-size.ts",
};

/** These work on an account too, which the person's own variables name. */
const ACCOUNT_COMMANDS = ["gateway", "wrangler", "d1", "invariants"];

const cacheDir = path.join(ROOT, "node_modules/.cache/toolchain");
const stampFile = path.join(ROOT, "node_modules/.webhook-gateway.json");

const [command = "", ...given] = process.argv.slice(2);
// pnpm passes on the `--` that npm takes away.
const args = given[0] === "--" ? given.slice(1) : given;
const script = COMMANDS[command];
if (script === undefined) {
  fail(`unknown command "${command}"; known: ${Object.keys(COMMANDS).join(", ")}`, 2);
}

const surroundings = ACCOUNT_COMMANDS.includes(command)
  ? childEnvironment(process.env)
  : localEnvironment(process.env);
const toolchainLock = readFileSync(path.join(ROOT, "tools/bootstrap/toolchain/package-lock.json"), "utf8");
const tools = readTools(toolchainLock, process.platform, process.arch);
const lockHash = createHash("sha256")
  .update(readFileSync(path.join(ROOT, "pnpm-lock.yaml")))
  .digest("hex");
const stamp = readStamp();
const isCurrent = stamp.lockHash === lockHash;
const installedSet = largerSet(stamp.set, setInstalledByHand(path.join(ROOT, "node_modules/.modules.yaml")));
const wantedSet = largerSet(installedSet, setNeededBy(command, args));
const { providers: installedProviders = [] } = stamp;
const wantedProviders = [...new Set([...installedProviders, ...providersNeededBy(command, process.env)])];
/** The other commands install only if something that they need is missing altogether. */
const keepsCurrent =
  ["start", "test", "test:soak", "simulate"].includes(command) || command.startsWith("bench");

try {
  const lacksProvider = leftOutOf(wantedSet).some(
    (name) => wantedProviders.includes(name) && !installedProviders.includes(name),
  );
  const missing = wantedSet !== stamp.set || lacksProvider || (!isCurrent && keepsCurrent);
  // pnpm runs without Node: everything is downloaded at once. Both end before either's failure ends this.
  const found = await Promise.allSettled([findNode(), missing ? install() : undefined]);
  for (const { reason } of found) if (reason !== undefined) throw reason;
  run(found[0].value);
} catch (thrown) {
  fail(thrown instanceof Error ? thrown.message : String(thrown));
}

/** @returns {Promise<string>} a Node on which everything runs */
async function findNode() {
  if (isRecentNode(process.versions.node)) return process.execPath;
  if (tools.node === undefined) throw new Error(`Node ${process.versions.node} is too old: ${byHand()}`);
  if (!existsSync(programFile(tools.node, cacheDir))) {
    console.error(
      `Node ${process.versions.node} is too old: fetching ${tools.node.version} from the npm registry …`,
    );
  }
  return fetchTool(tools.node, cacheDir, surroundings);
}

async function install() {
  console.error("Installing …");
  const pnpm = await findPnpm();
  const env = { ...surroundings, CI: "true" };
  // Only the hashes are checked here. `npm test` has pnpm ask the registry about every version in the lockfile.
  if (command !== "test") env.pnpm_config_trust_lockfile = "true";
  // pnpm leaves out what does not run on the Node that it finds; the one that will run it may still be on its way.
  if (!isRecentNode(process.versions.node)) env.pnpm_config_node_version = tools.node?.version;
  // npm's standard output would mix with the command's own.
  const child = spawn(pnpm, installArguments(wantedSet, wantedProviders), {
    cwd: ROOT,
    env,
    stdio: ["ignore", 2, 2],
  });
  const code = await new Promise((resolve) => {
    child.once("error", () => resolve(1));
    child.once("exit", resolve);
  });
  if (code !== 0) throw new Error("installing the workspace failed; see above");
  mkdirSync(path.dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, JSON.stringify({ lockHash, set: wantedSet, providers: wantedProviders }));
}

/** @returns {Promise<string>} the pnpm that was fetched, or the machine's own */
async function findPnpm() {
  const { pnpm } = tools;
  if (pnpm !== undefined && existsSync(programFile(pnpm, cacheDir))) return programFile(pnpm, cacheDir);
  if (await works("pnpm")) return "pnpm";
  if (pnpm === undefined) throw new Error(`pnpm is missing: ${byHand()}`);
  return fetchTool(pnpm, cacheDir, surroundings);
}

async function works(pnpm) {
  try {
    const { stdout } = await promisify(execFile)(pnpm, ["--version"], { cwd: ROOT, env: surroundings });
    return Number(stdout.split(".")[0]) >= 11;
  } catch {
    return false;
  }
}

const byHand = () =>
  `there is none for ${process.platform} on ${process.arch} in tools/bootstrap/toolchain; install Node 24 and pnpm 12`;

function run(node) {
  // Wrangler keeps its logs where it keeps its login: in the home, which may not be writable. Here it needs no login.
  const home = command === "start" ? { XDG_CONFIG_HOME: path.join(ROOT, ".wrangler/home") } : {};
  const child = spawn(node, [path.join(ROOT, script), ...args], {
    cwd: ROOT,
    env: { ...programEnvironment(node), ...home, INIT_CWD: process.env.INIT_CWD ?? process.cwd() },
    stdio: "inherit",
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  watchParent(() => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 128 + 15)));
}

function programEnvironment(node) {
  const bins = [path.dirname(node), path.join(ROOT, "node_modules/.bin")];
  if (tools.pnpm !== undefined) bins.push(path.dirname(programFile(tools.pnpm, cacheDir)));
  return {
    // Wrangler is 15 MB of JavaScript, which Node otherwise compiles at every start.
    NODE_COMPILE_CACHE: path.join(ROOT, "node_modules/.cache/compiled"),
    ...surroundings,
    PATH: [...bins, surroundings.PATH].join(path.delimiter),
  };
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, "utf8"));
  } catch {
    return {};
  }
}

function fail(message, code = 1) {
  console.error(`error: ${message}`);
  process.exit(code);
}
