// The environment of every process that this project starts. A shell, a git hook or a CI job sets variables for its own
// work: GIT_DIR leads every git to one repository, NODE_ENV goes into every bundle of the Workers, and a proxy cannot
// reach what listens on this machine. No child inherits them as they are.
//
// Plain JavaScript, because the bootstrap uses it before anything is installed.
import { fileURLToPath } from "node:url";

/**
 * An environment as a process has it, and as a child gets it.
 * @typedef {Readonly<Record<string, string | undefined>>} Given
 * @typedef {Record<string, string>} Environment
 */

/** How other machines are reached: by which proxies, trusting whom, and as whom over SSH. */
const REACH = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "http_proxy",
  "https_proxy",
  "all_proxy",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "GIT_SSL_CAINFO",
  "GIT_SSL_CAPATH",
  "SSH_AUTH_SOCK",
];

/** This machine, as Node (`[::1]`) and curl (`::1`) look for it in NO_PROXY. */
const LOOPBACK = ["localhost", "127.0.0.1", "::1", "[::1]"];

/** A home with nothing in it but git's configuration. By HOME it is found by gits that know no GIT_CONFIG_GLOBAL too. */
const GIT_HOME = fileURLToPath(new URL("git-home", import.meta.url));

/**
 * For Node, npm, pnpm, Wrangler and other programs that work the way the person has set them up.
 * @param {Given} given
 * @returns {Environment} what is given, without what is meant for another program, and with loopback past every proxy
 */
export function childEnvironment(given) {
  return { ...select(given, (name) => !isForAnother(name)), ...withoutProxy(given) };
}

/**
 * For Wrangler: no questions, which it asks unless it takes itself to be in CI, no telemetry, no look-up of a location.
 * @param {Given} given
 * @returns {Environment}
 */
export function wranglerEnvironment(given) {
  return {
    ...childEnvironment(given),
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_HIDE_BANNER: "true",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    CI: "true",
  };
}

/**
 * For programs that work on this machine alone. Wrangler's variables name accounts, environments and places for its logs:
 * what works here without an account is to work the same for everybody.
 * @param {Given} given
 * @returns {Environment}
 */
export function localEnvironment(given) {
  return select(childEnvironment(given), (name) => !isOfWrangler(name));
}

/**
 * For the embedded Grainchain: no token of the person's, which the steps that it runs as the same user could read. Only
 * the service that is to run the steps instead gets its key.
 * @param {Given} given
 * @returns {Environment}
 */
export function grainchainEnvironment(given) {
  const provider = given.GRAINCHAIN_PROVIDER || given.GRAINCHAIN_DEFAULT_PROVIDER || "local";
  const prefix = SERVICE_PREFIXES.get(provider);
  const isOfService = (name) => prefix !== undefined && name.startsWith(prefix);
  return select(
    localEnvironment(given),
    (name) => REACH.includes(name) || OF_GRAINCHAIN.test(name) || isOfService(name),
  );
}

/** The variables of the service whose sandboxes run the steps. With one of them, no step runs on this machine. */
const SERVICE_PREFIXES = new Map([
  ["e2b", "E2B_"],
  ["daytona", "DAYTONA_"],
]);

const OF_GRAINCHAIN =
  /^(?:PATH|HOME|USER|LOGNAME|TMPDIR|TZ|LANG|LC_\w+|LD_\w+|DYLD_\w+|NODE_\w+|NO_PROXY|no_proxy|GRAINCHAIN_\w+)$/;

/**
 * For git, which runs with its own configuration (`git-home/.gitconfig`), in English, and without prompts.
 * It reaches other machines as the person does, by proxies and certificates that the environment names. The person's git
 * configuration is not read, since that also says which programs git runs, and hands credentials to whatever
 * repository it is asked for.
 * @param {Given} given
 * @returns {Environment}
 */
export function gitEnvironment(given) {
  return {
    ...select(given, (name) => REACH.includes(name)),
    ...withoutProxy(given),
    ...toolEnvironment(given),
    HOME: GIT_HOME,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
  };
}

/**
 * For a tool of the system, such as `ps`.
 * @param {Given} given
 * @returns {{ PATH: string, LC_ALL: string }}
 */
export function toolEnvironment(given) {
  return { PATH: given.PATH ?? "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C" };
}

/**
 * @param {string} name
 * @returns {boolean}
 */
function isForAnother(name) {
  return name === "NODE_ENV" || (name.startsWith("GIT_") && !REACH.includes(name));
}

/**
 * CLOUDFLARE_WORKER_URL is a variable of the consumer.
 * @param {string} name
 * @returns {boolean}
 */
function isOfWrangler(name) {
  return /^(?:WRANGLER|CLOUDFLARE|X_LOCAL)_/.test(name) && name !== "CLOUDFLARE_WORKER_URL";
}

/**
 * @param {Given} given
 * @returns {Environment} what the person exempts from proxies, and loopback, in both cases: programs differ in which they read
 */
function withoutProxy(given) {
  const lists = [given.no_proxy ?? "", given.NO_PROXY ?? ""];
  const hosts = [...lists.flatMap((list) => list.split(/[\s,]+/)), ...LOOPBACK].filter((host) => host !== "");
  // An asterisk counts only by itself.
  const list = lists.some((one) => one.trim() === "*") ? "*" : [...new Set(hosts)].join(",");
  return { NO_PROXY: list, no_proxy: list };
}

/**
 * @param {Given} given
 * @param {(name: string) => boolean} wanted
 * @returns {Environment}
 */
function select(given, wanted) {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) =>
      value !== undefined && wanted(name) ? [[name, value]] : [],
    ),
  );
}
