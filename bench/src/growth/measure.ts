/** Measures every activity at one size. */
import type { D1Database } from "@cloudflare/workers-types";
import { createWorld, type World } from "../consumer.ts";
import { sizeOf } from "../database.ts";
import { createMeter, type Meter, total } from "../meter.ts";
import { spread, sum } from "../statistics.ts";
import { fill, shapeOf } from "./fill.ts";
import { scansOf } from "./plan.ts";

export interface Given {
  /** Metered. */
  readonly db: D1Database;
  /** For the benchmark's own questions. */
  readonly bare: D1Database;
  readonly world: World;
}

/** One activity of the gateway that asks D1. */
export interface Activity {
  readonly name: string;
  /** A figure is per so many of it. */
  readonly per: string;
  /** By default 3. */
  readonly runs?: number;
  /** Why its cost may depend on how many rows there are. Without a reason it must not. */
  readonly grows?: string | undefined;
  /** Prepares a run, unmetered. @returns the run, which says how many of `per` it was (default 1) */
  readonly prepare: (given: Given) => Promise<() => Promise<unknown>>;
}

/** Per one of what the activity counts by. */
export interface Figures {
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly statements: number;
  readonly roundTrips: number;
  /** D1's own time, median over the runs. */
  readonly ms: number;
}

export interface SizeRun {
  readonly deliveries: number;
  readonly waiting: number;
  readonly databaseBytes: number;
  readonly fillSeconds: number;
  /** By activity. */
  readonly figures: Readonly<Record<string, Figures>>;
  /** Steps that go through a growing table from end to end. */
  readonly scans: readonly string[];
}

export async function measureSize(
  db: D1Database,
  deliveries: number,
  activities: readonly Activity[],
): Promise<SizeRun> {
  const shape = shapeOf(deliveries);
  const begun = performance.now();
  await fill(db, shape);
  const fillSeconds = (performance.now() - begun) / 1000;
  const databaseBytes = await sizeOf(db);
  const meter = createMeter(db);
  const given: Given = { db: meter.db, bare: db, world: createWorld(meter.db) };
  const figures: Record<string, Figures> = {};
  const scans: string[] = [];
  for (const activity of activities) {
    const measured = await measure(activity, given, meter);
    figures[activity.name] = measured.figures;
    scans.push(...(await scansOf(db, measured.costs)).map((step) => `${activity.name}: ${step}`));
  }
  return { deliveries, waiting: shape.waiting, databaseBytes, fillSeconds, figures, scans };
}

async function measure({ name, runs = 3, prepare }: Activity, given: Given, meter: Meter) {
  const measured = [];
  for (let run = 0; run < runs; run++) {
    const perform = await prepare(given);
    meter.take();
    const done = await perform();
    measured.push({ ...meter.take(), units: typeof done === "number" ? done : 1 });
  }
  const costs = measured.flatMap((run) => run.costs);
  const units = sum(measured.map((run) => run.units));
  if (!(units > 0)) throw new Error(`there was nothing to do for: ${name}`);
  const figures: Figures = {
    rowsRead: total(costs, "rowsRead") / units,
    rowsWritten: total(costs, "rowsWritten") / units,
    statements: costs.length / units,
    roundTrips: sum(measured.map((run) => run.roundTrips)) / units,
    ms: spread(measured.map((run) => total(run.costs, "ms") / run.units))?.[0] ?? Number.NaN,
  };
  return { figures, costs };
}
