/** Both Workers as they are deployed, built once for all gateways of these tests. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import type { TestProject } from "vitest/node";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";
import { runWrangler } from "../../../tools/local/wrangler.ts";

/** A Worker that Miniflare can run. */
export interface BuiltWorker {
  readonly name: string;
  /** Miniflare's options from its TOML file. Without zod installed, their type is of no use. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The settings of the queues that it consumes. */
  readonly queues: Readonly<Record<string, { readonly maxBatchTimeout?: number }>>;
  /** The names of its variables and secrets. */
  readonly expects: readonly string[];
  /** The folder of its modules; the entry is the first of them. */
  readonly folder: string;
  readonly modules: readonly string[];
}

declare module "vitest" {
  interface ProvidedContext {
    builtWorkers: readonly BuiltWorker[];
  }
}

const ENVIRONMENT = "development";
const ENTRY = "index.js";

/** Builds them before the first test. */
export default async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(path.join(tmpdir(), "webhook-gateway-built-"));
  const build = (worker: string) => buildWorker(worker, path.join(folder, worker));
  project.provide("builtWorkers", await Promise.all(["producer", "consumer"].map(build)));
  return () => rmSync(folder, { recursive: true, force: true });
}

async function buildWorker(worker: string, folder: string): Promise<BuiltWorker> {
  const file = `wrangler.${worker}.toml`;
  const deploy = ["deploy", "--dry-run", "--outdir", folder, "-c", file, "--env", ENVIRONMENT];
  const { code, output } = await runWrangler(deploy);
  if (code !== 0) throw new Error(`the ${worker} could not be built:\n${output}`);
  const config = unstable_readConfig({ config: path.join(ROOT, file), env: ENVIRONMENT });
  // As if the file were in a folder without `.dev.vars`.
  const elsewhere = { ...config, userConfigPath: path.join(folder, file), secrets: undefined };
  const options: Record<string, unknown> = Object(
    unstable_getMiniflareWorkerOptions(elsewhere, ENVIRONMENT).workerOptions,
  );
  const modules = readdirSync(folder).filter((name) => !/\.map$|^README/.test(name));
  return {
    name: config.name ?? worker,
    options,
    queues: Object(options.queueConsumers),
    expects: [...Object.keys(config.vars), ...(config.secrets?.required ?? [])],
    folder,
    modules: modules.toSorted((a, b) => Number(b === ENTRY) - Number(a === ENTRY)),
  };
}
