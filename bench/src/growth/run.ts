/** Measures every operation at one size. */
import type { D1Database } from "@cloudflare/workers-types";
import { createWorld } from "./consumer.ts";
import { type Filled, fill, shapeOf } from "./fill.ts";
import { type Cost, createMeter, type Meter } from "./meter.ts";
import { type Given, OPERATIONS, type Operation } from "./operations.ts";
import { retainUnderLoad, type UnderLoad } from "./retention.ts";

/** Per one of what the operation counts by. */
export interface Figures {
  readonly operation: string;
  readonly per: string;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly statements: number;
  readonly roundTrips: number;
  /** D1's own time, median over the runs. */
  readonly durationMs: number;
}

export interface SizeRun {
  readonly shape: Filled;
  readonly fillSeconds: number;
  readonly databaseBytes: number;
  readonly figures: readonly Figures[];
  readonly underLoad: UnderLoad;
  /** Each operation's statements and their plans. */
  readonly plans: Readonly<Record<string, readonly Planned[]>>;
}

export interface Planned {
  readonly sql: string;
  readonly plan: readonly string[];
}

export async function measureSize(
  db: D1Database,
  deliveries: number,
  tell: (line: string) => void,
): Promise<SizeRun> {
  const shape = shapeOf(deliveries);
  const begun = performance.now();
  await fill(db, shape, new Date(), (at) => {
    if (at % 100_000 === 0) tell(`${at} of ${deliveries} deliveries …`);
  });
  const fillSeconds = (performance.now() - begun) / 1000;
  const databaseBytes = await sizeOf(db);
  const meter = createMeter(db);
  const given: Given = { db: meter.db, bare: db, world: createWorld(meter.db) };
  const figures: Figures[] = [];
  const plans: Record<string, readonly Planned[]> = {};
  for (const operation of OPERATIONS) {
    const measured = await measure(operation, given, meter);
    figures.push(measured.figures);
    plans[operation.name] = await explainAll(db, measured.costs);
  }
  const underLoad = await retainUnderLoad(given, meter);
  return { shape, fillSeconds, databaseBytes, figures, underLoad, plans };
}

async function measure(operation: Operation, given: Given, meter: Meter) {
  const costs: Cost[] = [];
  const durations: number[] = [];
  let units = 0;
  let roundTrips = 0;
  for (let run = 0; run < operation.runs; run++) {
    const perform = await operation.prepare(given);
    meter.take();
    const performed = await perform();
    const taken = meter.take();
    units += performed;
    roundTrips += taken.roundTrips;
    durations.push(sum(taken.costs, "durationMs") / performed);
    costs.push(...taken.costs);
  }
  if (!(units > 0)) throw new Error(`there was nothing to do for: ${operation.name}`);
  const figures: Figures = {
    operation: operation.name,
    per: operation.per,
    rowsRead: sum(costs, "rowsRead") / units,
    rowsWritten: sum(costs, "rowsWritten") / units,
    statements: costs.length / units,
    roundTrips: roundTrips / units,
    durationMs: durations.toSorted((a, b) => a - b)[Math.floor((durations.length - 1) / 2)] ?? Number.NaN,
  };
  return { figures, costs };
}

export const sum = (
  costs: readonly Cost[],
  field: "rowsRead" | "rowsWritten" | "durationMs" | "changes",
): number => costs.reduce((total, cost) => total + cost[field], 0);

async function sizeOf(db: D1Database): Promise<number> {
  return (await db.prepare("SELECT 1").all()).meta.size_after;
}

async function explainAll(db: D1Database, costs: readonly Cost[]): Promise<Planned[]> {
  const asked = new Map(costs.map(({ sql, bound }) => [sql, bound]));
  return Promise.all(
    [...asked].map(async ([sql, bound]) => {
      const explain = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind(...bound);
      const { results } = await explain.all<{ detail: string }>();
      return { sql: sql.trim().replaceAll(/\s+/g, " "), plan: results.map(({ detail }) => detail) };
    }),
  );
}
