/**
 * `npm start`: the whole gateway on this machine. It applies the migrations, starts the embedded Grainchain and both
 * Workers, runs the demo, and serves until it is stopped.
 */
import type { ChildProcess } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import {
  grainchainEnvironment,
  wranglerEnvironment,
} from "@webhook-gateway/shared/process/child-environment.mjs";
import { GatewayError } from "../../cli/src/exit.ts";
import { localAddresses } from "../../cli/src/project/local-gateway.ts";
import { watchParent } from "../bootstrap/parent.mjs";
import { requireGoodConfiguration } from "./configuration.ts";
import { isolationWarning, readIsolation } from "./isolation.ts";
import { writeLocalConfigs } from "./local-config.ts";
import { applyMigrations } from "./migrations.ts";
import { requireFreePort } from "./ports.ts";
import { followLogs, Processes, spawnProgram } from "./processes.ts";
import { type LocalSettings, readLocalSettings } from "./settings.ts";
import { spawnWrangler } from "./wrangler.ts";

const CRON_PATH = "/cdn-cgi/local/scheduled?cron=*+*+*+*+*";
const CRON_MS = 60_000;
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 25;
const PROBE_MS = 5_000;
/** Longer than the Workers ever take for a request. */
const SILENT_MS = 30_000;

const processes = new Processes();
const stopped = new AbortController();

async function stop(code: number): Promise<never> {
  stopped.abort();
  await processes.stop();
  process.exit(code);
}

/** Writes a child's log to a file and its warnings to the terminal. The gateway ends when the child does. */
function superviseChild(name: string, child: ChildProcess, logFile: string): void {
  const lastLines = followLogs(child, logFile, (line) => console.error(line));
  processes.add(name, child, (code) => {
    console.error(`error: ${name} ended unexpectedly (exit code ${code})`);
    for (const line of lastLines()) console.error(`  ${line}`);
    void stop(1);
  });
}

async function main(): Promise<void> {
  const withDemo = readArguments();
  const settings = readLocalSettings(process.env);
  mkdirSync(settings.stateDir, { recursive: true, mode: 0o700 });
  await requireFreePort(settings.port, "PORT");
  if (!settings.externalGrainchain) await requireFreePort(settings.grainchainPort, "GRAINCHAIN_PORT");
  requireGoodConfiguration(settings);
  await applyMigrations(settings.stateDir);

  const demoRepos = path.join(settings.stateDir, "demo-repos");
  if (!settings.externalGrainchain) startGrainchain(settings, demoRepos);
  startWorkers(settings);
  const { CLOUDFLARE_WORKER_URL: url, GRAINCHAIN_API_URL: grainchainUrl } = localAddresses(settings);
  await waitForHealth("the Workers", url, isGateway);
  if (!settings.externalGrainchain)
    await waitForHealth("the embedded Grainchain", grainchainUrl, ({ ok }) => ok);
  if (stopped.signal.aborted) return;
  console.log(`ready ${url}`);
  void fireCronEveryMinute(url);
  void watchWorkers(url, settings.stateDir);

  if (settings.externalGrainchain) {
    if (withDemo)
      console.log(
        "demo: skipped, because GRAINCHAIN_API_URL names a Grainchain that cannot read its repository",
      );
    return;
  }
  const isolation = await readIsolation(grainchainUrl);
  const warning = isolationWarning(isolation);
  if (warning !== undefined) console.error(warning);
  if (!withDemo) return;
  const { runDemo } = await import("./demo.ts");
  await runDemo({ url, settings, isolation, demoRepos, signal: stopped.signal });
}

/** @returns whether to run the demo */
function readArguments(): boolean {
  try {
    const options = { demo: { type: "boolean", default: true } } as const;
    return parseArgs({ options, allowNegative: true }).values.demo;
  } catch (thrown) {
    // The first sentence names the option.
    const message = thrown instanceof Error ? thrown.message.split(". ")[0] : "bad arguments";
    throw new GatewayError(`${message}; the only option is --no-demo`);
  }
}

function startGrainchain(settings: LocalSettings, demoRepos: string): void {
  mkdirSync(demoRepos, { recursive: true });
  const repos = [settings.variables.GRAINCHAIN_REPOS, demoRepos].filter((dir) => dir !== undefined);
  // Steps run as the same user, who can read this environment. Callbacks go to capability URLs, so it needs no secret
  // besides its own key.
  const child = spawnProgram("grainchain/src/index.ts", ["--port", String(settings.grainchainPort)], {
    ...grainchainEnvironment(process.env),
    GRAINCHAIN_REPOS: repos.join(path.delimiter),
    GRAINCHAIN_API_KEY: settings.variables.GRAINCHAIN_API_KEY,
    GRAINCHAIN_API_PREFIX: settings.variables.GRAINCHAIN_API_PREFIX,
  });
  superviseChild("the embedded Grainchain", child, path.join(settings.stateDir, "logs/grainchain.log"));
}

function startWorkers(settings: LocalSettings): void {
  const configs = writeLocalConfigs(settings.stateDir);
  const child = spawnWrangler(
    [
      ...["dev", ...configs.flatMap((config) => ["-c", config]), "--env", "development"],
      ...["--port", String(settings.port), "--inspector-port", "0", "--persist-to", settings.stateDir],
      ...["--show-interactive-dev-session=false", "--log-level", "log"],
    ],
    // Variables are passed in the environment, so no secret is on a command line or in another file.
    {
      env: {
        ...wranglerEnvironment({ ...process.env, ...settings.variables }),
        ...wranglerSettings(settings.stateDir),
      },
      stdio: "pipe",
    },
  );
  superviseChild("wrangler", child, path.join(settings.stateDir, "logs/gateway.log"));
}

/**
 * Wrangler registers running Workers by name, for the whole machine, and sends a fired cron to whichever process has the
 * name: another gateway, or one that was killed less than 90 s ago. So each start has its own registry. Wrangler's local
 * traces are off: they keep the address of every request on disk, and the address of a callback is a capability. Its
 * explorer is off: it runs any SQL for anyone who reaches the port.
 */
function wranglerSettings(stateDir: string): NodeJS.ProcessEnv {
  const registry = path.join(stateDir, "registry");
  rmSync(registry, { recursive: true, force: true });
  return {
    WRANGLER_REGISTRY_PATH: registry,
    CLOUDFLARE_DEV_REGISTRY_PATH: registry,
    X_LOCAL_OBSERVABILITY: "false",
    X_LOCAL_EXPLORER: "false",
  };
}

/** Whatever its status: an unhealthy gateway says what is wrong. */
const isGateway = async (response: Response): Promise<boolean> => {
  const { service } = (await response.json()) as { service?: string };
  return service === "webhook-gateway";
};

async function waitForHealth(
  name: string,
  url: string,
  isUp: (response: Response) => boolean | Promise<boolean>,
): Promise<void> {
  const until = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < until && !stopped.signal.aborted) {
    const up = await fetch(`${url}/health`)
      .then(isUp)
      .catch(() => false);
    if (up) return;
    await delay(POLL_MS);
  }
  if (!stopped.signal.aborted)
    throw new GatewayError(`${name} did not come up within ${START_TIMEOUT_MS / 1000} s`);
}

/** Wrangler does not fire crons locally. This fires it at once, for what a crash left behind, and then every minute. */
async function fireCronEveryMinute(url: string): Promise<void> {
  while (!stopped.signal.aborted) {
    await fireCron(url);
    await delay(CRON_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
  }
}

/** If workerd dies, Wrangler starts another one and may never answer again. Then the gateway ends, too. */
async function watchWorkers(url: string, stateDir: string): Promise<void> {
  let answeredAt = Date.now();
  while (!stopped.signal.aborted && Date.now() - answeredAt < SILENT_MS) {
    const probedAt = Date.now();
    if (await answers(url)) answeredAt = Date.now();
    const wait = Math.max(probedAt + PROBE_MS - Date.now(), 0);
    await delay(wait, undefined, { signal: stopped.signal }).catch(() => undefined);
    // The machine may have been asleep.
    if (Date.now() - probedAt > 3 * PROBE_MS) answeredAt = Date.now();
  }
  if (stopped.signal.aborted) return;
  const logFile = path.join(stateDir, "logs/gateway.log");
  console.error(`error: the Workers have not answered for ${SILENT_MS / 1000} s; their log is ${logFile}`);
  await stop(1);
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_MS) });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}

async function fireCron(url: string): Promise<void> {
  try {
    const response = await fetch(`${url}${CRON_PATH}`, { signal: stopped.signal });
    if (!response.ok) console.error(`warning: cannot fire the cron (HTTP ${response.status})`);
    await response.body?.cancel();
  } catch {
    // The gateway is stopping, or watchWorkers is about to end it.
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => void stop(0));
}

watchParent(() => void stop(0));

try {
  await main();
} catch (thrown) {
  const known = thrown instanceof GatewayError;
  console.error(known ? `error: ${thrown.message}` : thrown);
  await stop(1);
}
