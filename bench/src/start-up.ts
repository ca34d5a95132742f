/**
 * `pnpm bench:start-up [rounds]`: the CPU that a Worker takes to start, and to answer its first request, above what the
 * empty Worker takes on the same workerd. Means over interleaved rounds: a single start is near /proc's 10 ms resolution.
 */
import type { Running } from "./contender.ts";
import { buildPayload, WEBHOOK_PATH } from "./payload.ts";
import { measuresProcesses, treeCpuMs } from "./process-tree.ts";
import { type BundledModule, bundleWorker } from "./worker-bundle.ts";
import { readWorker, startWorkerd } from "./workerd.ts";

interface StartUp {
  /** Reading, compiling and evaluating the script, in ms of CPU. */
  readonly startMs: number;
  /** The first request, in ms of CPU: routes are built and keys imported then. */
  readonly firstMs: number;
}

async function measureStart(modules: readonly BundledModule[]): Promise<StartUp> {
  const running = await startWorkerd(modules);
  try {
    const startMs = treeCpuMs(running.pid) ?? Number.NaN;
    await deliver(running);
    return { startMs, firstMs: (treeCpuMs(running.pid) ?? Number.NaN) - startMs };
  } finally {
    await running.stop();
  }
}

async function deliver({ origin }: Running): Promise<void> {
  const { headers, body } = buildPayload("ping");
  const response = await fetch(`${origin}${WEBHOOK_PATH}`, {
    method: "POST",
    headers,
    body: Uint8Array.from(body),
  });
  if (!response.ok) throw new Error(`the first request was answered ${response.status}`);
  await response.arrayBuffer();
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

if (!measuresProcesses) {
  console.error("error: CPU time is read from /proc, which this system has not");
  process.exit(1);
}
const rounds = Number(process.argv[2] ?? 20);
const empty = [{ name: "empty.mjs", kind: "esModule", content: await readWorker("empty") }] as const;
const producer = await bundleWorker("producer");
const differences: StartUp[] = [];
for (let round = 0; round < rounds; round++) {
  const idle = await measureStart(empty);
  const full = await measureStart(producer);
  differences.push({ startMs: full.startMs - idle.startMs, firstMs: full.firstMs - idle.firstMs });
}
const startMs = mean(differences.map((each) => each.startMs));
const firstMs = mean(differences.map((each) => each.firstMs));
console.log(
  `producer, above the empty Worker: start ${startMs.toFixed(1)} ms CPU, first request ${firstMs.toFixed(1)} ms CPU (means of ${rounds})`,
);
