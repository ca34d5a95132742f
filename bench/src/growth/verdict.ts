/** What a run says: which activity costs more in a larger database. */
import { count, table } from "../results.ts";
import { ACTIVITIES } from "./activities.ts";
import type { Figures, SizeRun } from "./measure.ts";

/** What an activity may cost in the largest database, relative to the smallest. */
const MOST_GROWTH = 1.2;
/** So many rows more are a page that was not full in the smallest database, and no growth. */
const FEW_ROWS = 200;

export interface Verdict {
  readonly activity: string;
  readonly per: string;
  /** At each size. */
  readonly figures: readonly Figures[];
  /** By what factor the rows read, or those written, grow; undefined: they do not. */
  readonly growth: number | undefined;
  /** Why they may. */
  readonly reason: string | undefined;
}

export const judge = (runs: readonly SizeRun[]): readonly Verdict[] =>
  ACTIVITIES.map(({ name, per, grows }) => {
    const figures = runs.flatMap((run) => run.figures[name] ?? []);
    const growth = growthOf(figures, "rowsRead") ?? growthOf(figures, "rowsWritten");
    return { activity: name, per, figures, growth, reason: grows };
  });

function growthOf(figures: readonly Figures[], field: "rowsRead" | "rowsWritten"): number | undefined {
  const [small, large] = [figures[0]?.[field] ?? 0, figures.at(-1)?.[field] ?? 0];
  if (large <= Math.max(small * MOST_GROWTH, small + FEW_ROWS)) return undefined;
  return large / Math.max(small, 1);
}

export function writeTables(runs: readonly SizeRun[], verdicts: readonly Verdict[]): string {
  const sizes = runs.map(({ deliveries }) => count(deliveries));
  const columns = ["rows read", "rows written", "ms"].flatMap((what) =>
    sizes.map((size) => `${what}, ${size}`),
  );
  const rows = verdicts.map(({ activity, per, figures, growth }) => [
    activity,
    per,
    `${count(figures[0]?.statements ?? 0)} in ${count(figures[0]?.roundTrips ?? 0)}`,
    ...figures.map(({ rowsRead }) => count(rowsRead)),
    ...figures.map(({ rowsWritten }) => count(rowsWritten)),
    ...figures.map(({ ms }) => ms.toFixed(1)),
    growth === undefined ? "no" : `× ${growth.toFixed(1)}`,
  ]);
  const grown = verdicts.filter(({ growth }) => growth !== undefined);
  const bySize = runs.map(({ deliveries, waiting, databaseBytes, fillSeconds }) => [
    count(deliveries),
    count(waiting),
    count(databaseBytes / 1e6),
    // A delivery that waits has about a third of the rows.
    count(databaseBytes / (deliveries + waiting / 3)),
    count(fillSeconds),
  ]);
  return [
    table(["activity", "per", "statements", ...columns, "grows"], rows),
    grown.map(({ activity, reason }) => `- ${activity}: ${reason ?? "it should not grow"}`).join("\n"),
    table(["deliveries", "waiting", "database, MB", "bytes a delivery", "filled in, s"], bySize),
  ]
    .filter((section) => section !== "")
    .join("\n\n");
}
