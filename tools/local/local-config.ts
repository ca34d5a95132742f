/** The configuration of the Workers for the local gateway. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { parse } from "smol-toml";
import * as v from "valibot";
import { GatewayError } from "../../cli/src/exit.ts";
import { configFile, WORKERS, type WorkerName } from "../../cli/src/project/project.ts";

const variables = v.record(v.string(), v.pipe(v.unknown(), v.transform(String)));
const withVariables = v.object({ env: v.object({ development: v.object({ vars: variables }) }) });

/**
 * The variables of a Worker for development. They are not read with Wrangler, because loading it takes a second.
 * @throws GatewayError if the file cannot be read
 */
export function readVariables(worker: WorkerName): Readonly<Record<string, string>> {
  try {
    return v.parse(withVariables, parse(readText(worker))).env.development.vars;
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : "unknown";
    throw new GatewayError(`${configFile(worker)} cannot be read: ${reason}`);
  }
}

/** Wrangler fires crons at the first Worker only, so that one passes them on. */
const CRON_BINDING = `
[[env.development.services]]
binding = "CRON"
service = "webhook-gateway-consumer-development"
entrypoint = "Cron"
`;

/**
 * Copies both configurations to another folder. Beside a `.dev.vars` Wrangler would read no other variables, but the
 * environment has to win over that file.
 * @returns the paths of the copies, the producer's first
 */
export function writeLocalConfigs(stateDir: string): string[] {
  mkdirSync(path.join(stateDir, "config"), { recursive: true });
  return WORKERS.map((worker) => {
    const file = localFile(stateDir, worker);
    writeFileSync(file, localText(worker));
    return file;
  });
}

/** True if the copies are what would be written now, for this version of Wrangler. */
export function localConfigsAreCurrent(stateDir: string): boolean {
  try {
    return WORKERS.every((worker) => readFileSync(localFile(stateDir, worker), "utf8") === localText(worker));
  } catch {
    return false;
  }
}

function localText(worker: WorkerName): string {
  const text = readText(worker)
    .replace(/^main = "(.+)\/index\.ts"$/m, 'main = "$1/local.ts"')
    .replaceAll(
      /^(main|migrations_dir) = "(.+)"$/gm,
      (_, key: string, relative: string) => `${key} = ${JSON.stringify(path.join(ROOT, relative))}`,
    );
  const binding = worker === "producer" ? CRON_BINDING : "";
  return `# For Wrangler ${wranglerVersion()}.\n${text}${binding}`;
}

function wranglerVersion(): string {
  const manifest = readFileSync(path.join(ROOT, "node_modules/wrangler/package.json"), "utf8");
  return v.parse(v.object({ version: v.string() }), JSON.parse(manifest)).version;
}

const readText = (worker: WorkerName): string => readFileSync(path.join(ROOT, configFile(worker)), "utf8");

const localFile = (stateDir: string, worker: WorkerName): string =>
  path.join(stateDir, "config", configFile(worker));
