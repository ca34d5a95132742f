/** What a run says: which operation costs more in a larger database, and which plan goes through a growing table. */
import type { Operation } from "./operations.ts";
import type { Planned, SizeRun } from "./run.ts";

/** Tables that grow with what comes in. `settings` and `commit_guard` do not. */
const GROWING = [
  "deliveries",
  "repositories",
  "subjects",
  "validations",
  "timeline",
  "reports",
  "cancels",
  "dead_letters",
  "replays",
  "callbacks_unmatched",
  "callback_results",
  "reactions",
  "reconciles",
];

/** What an operation may cost in the largest database, to what it costs in the smallest. */
const MOST_GROWTH = 1.2;
/** So many rows more are a page that was not full in the smallest database, and no growth. */
const FEW_ROWS = 200;

/** The steps of a plan that go through a growing table from end to end. */
export function fullScans({ sql, plan }: Planned): readonly string[] {
  const aliases = new Map(
    [
      ...sql.matchAll(
        /\b(?:FROM|JOIN|UPDATE|INTO) (\w+)(?: (?:AS )?(?!ON\b|WHERE\b|SET\b|INDEXED\b)(\w+))?/gi,
      ),
    ].flatMap(([, table = "", alias]) => [
      [table, table] as const,
      ...(alias === undefined ? [] : [[alias, table] as const]),
    ]),
  );
  return plan.filter((step) => {
    const [, name = ""] = /^SCAN (\w+)(?! VIRTUAL| USING)/.exec(step) ?? [];
    return GROWING.includes(aliases.get(name) ?? name) && !/USING (COVERING )?INDEX/.test(step);
  });
}

export interface Growth {
  readonly operation: string;
  readonly read: number;
  readonly written: number;
  readonly constant: boolean;
  /** Why it may grow. */
  readonly reason: string | undefined;
}

/** The largest size against the smallest. */
export function growthOf(runs: readonly SizeRun[], operations: readonly Operation[]): readonly Growth[] {
  const [smallest] = runs;
  const largest = runs.at(-1);
  if (smallest === undefined || largest === undefined) return [];
  return operations.map(({ name, grows }) => {
    const of = (run: SizeRun) => run.figures.find(({ operation }) => operation === name);
    const [small, large] = [of(smallest), of(largest)];
    const fits = (field: "rowsRead" | "rowsWritten"): boolean =>
      (large?.[field] ?? 0) <=
      Math.max((small?.[field] ?? 0) * MOST_GROWTH, (small?.[field] ?? 0) + FEW_ROWS);
    return {
      operation: name,
      read: (large?.rowsRead ?? 0) / Math.max(small?.rowsRead ?? 0, 1),
      written: (large?.rowsWritten ?? 0) / Math.max(small?.rowsWritten ?? 0, 1),
      constant: fits("rowsRead") && fits("rowsWritten"),
      reason: grows,
    };
  });
}
