/**
 * `pnpm bench:size [folder]`: how large each Worker's upload is, and whether it is within its budget. Exit 1 if one is
 * not. What is in `<folder>/<worker>` is measured; without a folder the Workers are bundled first.
 */
import path from "node:path";
import { gzipSync } from "node:zlib";
import { bundleWorker, readModules, type WorkerName } from "./worker-bundle.ts";

/**
 * KiB, gzipped: some 10 % above the sizes of 2026-11-30. Cloudflare's own limit is 3 MB on the free plan, 10 MB on the
 * paid one; what is uploaded is also what every cold start parses.
 * @see https://developers.cloudflare.com/workers/platform/limits/#worker-size
 */
const BUDGETS_KIB: Readonly<Record<WorkerName, number>> = { producer: 205, consumer: 160 };

const KIB = 1024;

const [folder] = process.argv.slice(2);
const kib = (bytes: number): string => `${(bytes / KIB).toFixed(1)} KiB`;
for (const worker of ["producer", "consumer"] as const) {
  const modules =
    folder === undefined ? await bundleWorker(worker) : await readModules(path.join(folder, worker));
  // As Wrangler does ("Total Upload … / gzip"): all modules in one piece.
  const whole = Buffer.concat(modules.map(({ content }) => Buffer.from(content)));
  const gzipBytes = gzipSync(whole).byteLength;
  const budget = BUDGETS_KIB[worker] * KIB;
  const over = gzipBytes > budget;
  const verdict = over ? ": over its budget" : "";
  console.log(`${worker}: ${kib(whole.byteLength)}, gzip ${kib(gzipBytes)} of ${kib(budget)}${verdict}`);
  if (over) process.exitCode = 1;
}
