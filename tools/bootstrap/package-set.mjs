// Which of the workspace's packages a command needs, and how they are installed.
//
// Plain JavaScript without dependencies: the bootstrap uses it before anything is installed.
import { readFileSync } from "node:fs";

/** From the smallest: what runs the gateway; what assistants need too; what tests it too; what benchmarks compare it with too. */
const SETS = ["production", "assistant", "development", "bench"];

/** The smallest sets with these packages of the workspace. The others are in every set. */
const FIRST_SET = { mcp: "assistant", e2b: "development", daytona: "development", bench: "bench" };

/** The services whose sandboxes Grainchain can use. Each is a package with the service's SDK. */
const PROVIDERS = ["e2b", "daytona"];

const DEVELOPMENT = ["changeset", "release:version", "screenshots", "simulate", "test:soak"];

/**
 * The larger of two sets: packages that are installed are never removed for a command that needs fewer.
 * @param {string | undefined} one
 * @param {string | undefined} other
 * @returns {string | undefined} undefined for two that are
 */
export const largerSet = (one, other) => SETS[Math.max(SETS.indexOf(one), SETS.indexOf(other))];

/**
 * @param {string} command of the bootstrap
 * @param {readonly string[]} args the command's
 * @returns {string} the set that the command needs
 */
export function setNeededBy(command, args) {
  if (command.startsWith("bench")) return "bench";
  if (DEVELOPMENT.includes(command)) return "development";
  if (command === "gateway" && args.includes("mcp")) return "assistant";
  if (command !== "test") return "production";
  // With arguments only tests are run; without, the types of the benchmarks are checked too.
  return args.length === 0 ? "bench" : "development";
}

/**
 * @param {string} command of the bootstrap
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {string[]} the providers that the command needs besides its set
 */
export function providersNeededBy(command, env) {
  if (command !== "start" && command !== "grainchain") return [];
  const asked = env.GRAINCHAIN_PROVIDER || env.GRAINCHAIN_DEFAULT_PROVIDER;
  return PROVIDERS.filter((name) => name === asked);
}

/**
 * @param {string} modulesFile `node_modules/.modules.yaml`, which pnpm writes
 * @returns {string | undefined} the set that somebody may have installed without the bootstrap
 */
export function setInstalledByHand(modulesFile) {
  try {
    const { included } = JSON.parse(readFileSync(modulesFile, "utf8"));
    return included.devDependencies === true ? "development" : "production";
  } catch {
    return undefined;
  }
}

/**
 * @param {string} set
 * @returns {string[]} the packages of the workspace that it does not have
 */
export const leftOutOf = (set) =>
  Object.keys(FIRST_SET).filter((name) => SETS.indexOf(FIRST_SET[name]) > SETS.indexOf(set));

/**
 * @param {string} set
 * @param {readonly string[]} providers that are needed besides
 * @returns {string[]} the arguments of `pnpm install`
 */
export function installArguments(set, providers = []) {
  const args = ["install", "--frozen-lockfile", "--prefer-offline", "--reporter=append-only"];
  const leftOut = leftOutOf(set).filter((name) => !providers.includes(name));
  for (const name of leftOut) args.push("--filter", `!@webhook-gateway/${name}`);
  if (SETS.indexOf(set) < SETS.indexOf("development")) args.push("--prod");
  return args;
}
