/**
 * `pnpm bench:size [folder]`: how large each Worker's upload is, and whether it is within its budget. Exit 1 where one is
 * not. What is in `<folder>/<worker>` is measured; without a folder the Workers are bundled first, which needs nothing but
 * Wrangler, so that CI can run it.
 */
import path from "node:path";
import { gzipSync } from "node:zlib";
import { bundleWorker, readModules, type WorkerName } from "./worker-bundle.ts";

/**
 * KiB, gzipped: some 10 % above the sizes of 2026-11-24. Cloudflare's own limit is 3 MB on the free plan, 10 MB on the
 * paid one (docs 2026-11); what is uploaded is also what every cold start parses.
 */
const BUDGETS_KIB: Readonly<Record<WorkerName, number>> = { producer: 148, consumer: 104 };

const KIB = 1024;

interface BundleSize {
  readonly worker: WorkerName;
  readonly bytes: number;
  readonly gzipBytes: number;
  readonly budgetBytes: number;
}

/** Measures as Wrangler does ("Total Upload … / gzip"): all modules in one piece. */
async function measureBundle(worker: WorkerName): Promise<BundleSize> {
  const modules =
    folder === undefined ? await bundleWorker(worker) : await readModules(path.join(folder, worker));
  const whole = Buffer.concat(modules.map(({ content }) => Buffer.from(content)));
  return {
    worker,
    bytes: whole.byteLength,
    gzipBytes: gzipSync(whole).byteLength,
    budgetBytes: BUDGETS_KIB[worker] * KIB,
  };
}

const [folder] = process.argv.slice(2);
for (const worker of ["producer", "consumer"] as const) {
  const { bytes, gzipBytes, budgetBytes } = await measureBundle(worker);
  const over = gzipBytes > budgetBytes;
  const kib = (size: number): string => `${(size / KIB).toFixed(1)} KiB`;
  console.log(
    `${worker}: ${kib(bytes)}, gzip ${kib(gzipBytes)} of ${kib(budgetBytes)}${over ? ": over its budget" : ""}`,
  );
  if (over) process.exitCode = 1;
}
