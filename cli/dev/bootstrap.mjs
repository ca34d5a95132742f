// Runs one of this project's commands on a machine that may have nothing but git, Node 20 and npm.
//
//   node cli/dev/bootstrap.mjs <command> [arguments]
//
// Where the machine's Node is too old it fetches one, and pnpm, from the npm registry, into npm's own cache;
// nothing is installed globally. Then it installs the workspace, where the lockfile has changed since it last did,
// and runs the command. What only the benchmarks need (other gateways, their queues) is left out until a command needs
// it. Plain JavaScript without dependencies: it runs before anything is installed.
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { childEnvironment, localEnvironment } from "../../shared/src/child-environment.mjs";
import { isRecentNode } from "./node-version.mjs";
import { watchParent } from "./parent.mjs";

const COMMANDS = {
  start: "cli/dev/start.ts",
  test: "cli/dev/test.ts",
  d1: "cli/dev/d1.ts",
  invariants: "cli/dev/invariants.ts",
  gateway: "cli/src/index.ts",
  wrangler: "node_modules/wrangler/bin/wrangler.js",
  grainchain: "grainchain/src/index.ts",
  bench: "bench/src/index.ts",
  "bench:end-to-end": "bench/src/end-to-end.ts",
  "bench:growth": "bench/src/growth.ts",
  "bench:scale": "bench/src/scale.ts",
  "bench:waiting-room": "bench/src/waiting-room.ts",
  "bench:start-up": "bench/src/start-up.ts",
  "bench:size": "bench/src/bundle-size.ts",
};
/** These work on an account too, which the person's own variables name. */
const ACCOUNT_COMMANDS = ["gateway", "wrangler", "d1", "invariants"];
const WITHOUT_BENCH = ["--filter", "!@webhook-gateway/bench"];
const TOOLCHAIN_PACKAGES = ["node@24", "pnpm@12"];

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const stampFile = path.join(root, "node_modules/.webhook-gateway.json");

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
const stamp = readStamp();
const lockHash = createHash("sha256")
  .update(readFileSync(path.join(root, "pnpm-lock.yaml")))
  .digest("hex");
const toolchain = findToolchain();
/** The types of the benchmarks are checked by `test`. */
const needsBench = command === "test" || command.startsWith("bench");
const installed = stamp.lockHash === lockHash && (stamp.bench === true || !needsBench);
/** The other commands install only where nothing is installed yet. */
const installsFirst = command === "start" || needsBench;
if (!installed && (installsFirst || stamp.lockHash === undefined)) install();
run();

/** @returns where node (and pnpm) are */
function findToolchain() {
  if (isRecentNode(process.versions.node))
    return { node: process.execPath, bin: path.dirname(process.execPath) };
  if (stamp.toolchain !== undefined && existsSync(stamp.toolchain.node)) return stamp.toolchain;
  console.error(
    `Node ${process.versions.node} is too old for Wrangler: fetching a newer one from the npm registry …`,
  );
  const printed = inToolchain(`node -p "process.execPath" && command -v pnpm`);
  const [node = "", pnpm = ""] = printed.trim().split("\n").slice(-2);
  return { node, bin: path.dirname(pnpm) };
}

function inToolchain(shellCommand) {
  const packages = TOOLCHAIN_PACKAGES.flatMap((name) => ["-p", name]);
  try {
    return execFileSync("npx", ["-y", ...packages, "-c", shellCommand], {
      cwd: root,
      env: surroundings,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
  } catch {
    fail("could not fetch Node and pnpm from the npm registry; is it reachable?");
  }
}

function install() {
  console.error("Installing …");
  const arguments_ = ["install", "--frozen-lockfile", "--prefer-offline", "--reporter=append-only"];
  if (!needsBench) arguments_.push(...WITHOUT_BENCH);
  const environment = { ...programEnvironment(), CI: "true" };
  try {
    const onPath = [path.join(toolchain.bin, "pnpm"), "pnpm"].find((pnpm) => works(pnpm, environment));
    // npm's standard output would mix with the command's own.
    const options = { cwd: root, env: environment, stdio: ["ignore", 2, 2] };
    if (onPath === undefined) execFileSync("npx", ["-y", "pnpm@12", ...arguments_], options);
    else execFileSync(onPath, arguments_, options);
  } catch {
    fail("installing the workspace failed; see above");
  }
  mkdirSync(path.dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, JSON.stringify({ lockHash, toolchain, bench: needsBench }));
}

function works(pnpm, environment) {
  try {
    const version = execFileSync(pnpm, ["--version"], { cwd: root, env: environment, encoding: "utf8" });
    return Number(version.split(".")[0]) >= 11;
  } catch {
    return false;
  }
}

function run() {
  // Wrangler keeps its logs where it keeps its login: in the home, which may not be writable. Here it needs no login.
  const home = command === "start" ? { XDG_CONFIG_HOME: path.join(root, ".wrangler/home") } : {};
  const child = spawn(toolchain.node, [path.join(root, script), ...args], {
    cwd: root,
    env: { ...programEnvironment(), ...home, INIT_CWD: process.env.INIT_CWD ?? process.cwd() },
    stdio: "inherit",
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  watchParent(() => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 128 + 15)));
}

function programEnvironment() {
  const bins = [toolchain.bin, path.join(root, "node_modules/.bin")];
  return { ...surroundings, PATH: [...bins, surroundings.PATH].join(path.delimiter) };
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
