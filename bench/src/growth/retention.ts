/** Retention at work while deliveries come in. */

import { openedPull } from "./facts.ts";
import type { Cost, Meter } from "./meter.ts";
import { BATCH, type Given } from "./operations.ts";

export interface UnderLoad {
  readonly chunks: number;
  readonly rowsDeleted: number;
  /** D1's own time for a chunk, the median and the longest. */
  readonly chunkMs: readonly [median: number, longest: number];
  /** From a batch of 100 deliveries to its commit, the whole call: alone, and while chunks are deleted. */
  readonly recordAloneMs: readonly [median: number, longest: number];
  readonly recordBesideMs: readonly [median: number, longest: number];
}

const ALONE = 10;

export async function retainUnderLoad({ world }: Given, meter: Meter): Promise<UnderLoad> {
  const record = async () => {
    const facts = Array.from({ length: BATCH }, (_, i) => openedPull(i));
    const begun = performance.now();
    await world.record(facts);
    return performance.now() - begun;
  };
  const alone: number[] = [];
  for (let batch = 0; batch < ALONE; batch++) alone.push(await record());
  meter.take();
  let done = false;
  const retention = world.expire().finally(() => {
    done = true;
  });
  const beside: number[] = [];
  do beside.push(await record());
  while (!done);
  await retention;
  const chunks = chunksOf(meter.take().costs);
  return {
    chunks: chunks.length,
    rowsDeleted: chunks.reduce((all, { rows }) => all + rows, 0),
    chunkMs: middleAndLongest(chunks.map(({ ms }) => ms)),
    recordAloneMs: middleAndLongest(alone),
    recordBesideMs: middleAndLongest(beside),
  };
}

/** Each chunk begins with its deliveries. */
function chunksOf(costs: readonly Cost[]): { rows: number; ms: number }[] {
  const chunks: { rows: number; ms: number }[] = [];
  for (const { sql, changes, durationMs } of costs.filter((cost) => cost.sql.startsWith("DELETE FROM"))) {
    if (sql.startsWith("DELETE FROM deliveries")) chunks.push({ rows: 0, ms: 0 });
    const chunk = chunks.at(-1);
    if (chunk === undefined) continue;
    chunk.rows += changes;
    chunk.ms += durationMs;
  }
  return chunks;
}

function middleAndLongest(values: readonly number[]): readonly [number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  return [sorted[Math.floor((sorted.length - 1) / 2)] ?? 0, sorted.at(-1) ?? 0];
}
