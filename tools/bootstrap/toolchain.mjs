// Node and pnpm for a machine that has none that is recent enough: the versions that toolchain/package-lock.json names,
// from the npm registry, and only if they have the hashes that it records. Nothing is installed globally, and no script
// of theirs is run.
//
// Plain JavaScript without dependencies: the bootstrap uses it before anything is installed.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/**
 * The package of Node or of pnpm for one platform, and the program in it.
 * @typedef {{ name: string, version: string, integrity: string, program: string }} Tool
 */

/**
 * @param {string} lockText toolchain/package-lock.json
 * @param {string} platform `process.platform`
 * @param {string} arch `process.arch`
 * @returns {{ node: Tool | undefined, pnpm: Tool | undefined }} undefined if there is none for the platform
 */
export function readTools(lockText, platform, arch) {
  const { packages } = JSON.parse(lockText);
  const toolOf = (name, program) => {
    const locked = packages[`node_modules/${name}`];
    return locked && { name, version: locked.version, integrity: locked.integrity, program };
  };
  // Node's builds for this platform alone have another name.
  const nodePrefix = platform === "darwin" && arch === "arm64" ? "node-bin" : "node";
  return {
    node: toolOf(`${nodePrefix}-${platform}-${arch}`, "bin/node"),
    pnpm: toolOf(`@pnpm/exe.${platform}-${arch}`, "pnpm"),
  };
}

/**
 * @param {Tool} tool
 * @param {string} cacheDir
 * @returns {string} where its program is once it is fetched
 */
export function programFile(tool, cacheDir) {
  return programIn(folderOf(tool, cacheDir), tool);
}

/**
 * Fetches a tool, unless it is there already.
 * @param {Tool} tool
 * @param {string} cacheDir
 * @param {NodeJS.ProcessEnv} env npm's environment
 * @returns {Promise<string>} where its program is
 * @throws Error saying what is wrong, above all that the registry serves something other than what is recorded
 */
export async function fetchTool(tool, cacheDir, env) {
  const folder = folderOf(tool, cacheDir);
  if (existsSync(programIn(folder, tool))) return programIn(folder, tool);
  // Another command may be fetching it too, and each may be killed: a folder gets its name once it is whole.
  mkdirSync(cacheDir, { recursive: true });
  const unfinished = mkdtempSync(`${folder}.`);
  writeProject(unfinished, tool);
  try {
    const { code, output } = await runNpm(unfinished, env);
    if (code !== 0 || !existsSync(programIn(unfinished, tool))) throw new Error(problemOf(tool, output));
    renameIfNew(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return programIn(folder, tool);
}

function renameIfNew(from, to) {
  try {
    renameSync(from, to);
  } catch (thrown) {
    if (!existsSync(to)) throw thrown;
  }
}

const folderOf = ({ name, version }, cacheDir) => path.join(cacheDir, `${name.replace("/", "+")}@${version}`);

const programIn = (folder, { name, program }) => path.join(folder, "node_modules", name, program);

/** A project of the tool alone: in the whole lockfile it is optional, and npm passes over an optional one that fails. */
function writeProject(folder, { name, version, integrity }) {
  const manifest = { name: "toolchain", private: true, dependencies: { [name]: version } };
  const packages = { "": manifest, [`node_modules/${name}`]: { version, integrity } };
  writeFileSync(path.join(folder, "package.json"), JSON.stringify(manifest));
  const lock = { name: "toolchain", lockfileVersion: 3, requires: true, packages };
  writeFileSync(path.join(folder, "package-lock.json"), JSON.stringify(lock));
}

/** @returns {Promise<{ code: number, output: string }>} */
function runNpm(folder, env) {
  const quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
  const child = spawn("npm", ["ci", "--ignore-scripts", "--prefix", folder, ...quiet], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  }
  return new Promise((resolve) => {
    child.once("error", () => resolve({ code: 1, output: "npm could not be started" }));
    child.once("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

function problemOf({ name, version }, output) {
  if (output.includes("EINTEGRITY")) {
    return (
      `what the npm registry serves as ${name}@${version} does not have the hash that ` +
      "tools/bootstrap/toolchain/package-lock.json records; nothing of it was kept"
    );
  }
  return `${name}@${version} could not be fetched from the npm registry:\n${output.trim()}`;
}
