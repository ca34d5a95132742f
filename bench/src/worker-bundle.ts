/** A Worker as it would be uploaded: bundled by Wrangler's own dry run of a deployment. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { localEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";

export const ROOT = path.resolve(import.meta.dirname, "../..");
export type WorkerName = "producer" | "consumer";

const TIMEOUT_MS = 120_000;
const WRANGLER = path.join(ROOT, "node_modules/wrangler/bin/wrangler.js");

/** One file of the upload. The entry is the first. */
export interface BundledModule {
  /** As the other modules import it. */
  readonly name: string;
  readonly kind: "esModule" | "text";
  readonly content: string;
}

/**
 * Bundles a Worker for production.
 * @throws if Wrangler cannot bundle it
 */
export async function bundleWorker(worker: WorkerName): Promise<readonly BundledModule[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), `bench-${worker}-`));
  try {
    const config = path.join(ROOT, `wrangler.${worker}.toml`);
    const deploy = ["deploy", "--dry-run", "--outdir", folder, "-c", config, "--env", "production"];
    await promisify(execFile)(process.execPath, [WRANGLER, ...deploy], {
      cwd: ROOT,
      timeout: TIMEOUT_MS,
      env: {
        ...localEnvironment(process.env),
        WRANGLER_SEND_METRICS: "false",
        WRANGLER_LOG_PATH: folder,
        CI: "true",
      },
    });
    return await readModules(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads what Wrangler wrote into a folder. @throws if that is not a Worker */
export async function readModules(folder: string): Promise<readonly BundledModule[]> {
  const names = (await readdir(folder)).filter((name) => !/\.(?:map|log)$|^README\.md$/.test(name));
  // Whatever else is there, it is not a Worker: an upload of nothing would be within every budget.
  if (!names.includes(ENTRY)) throw new Error(`Wrangler wrote no ${ENTRY} into ${folder}`);
  const modules = names.map(async (name): Promise<BundledModule> => {
    const content = await readFile(path.join(folder, name), "utf8");
    return { name, kind: name === ENTRY ? "esModule" : "text", content };
  });
  const read = await Promise.all(modules);
  return read.toSorted((a, b) => Number(b.name === ENTRY) - Number(a.name === ENTRY));
}

const ENTRY = "index.js";
