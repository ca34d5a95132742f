/** A growth run as tables in Markdown. */
import type { Machine } from "../machine.ts";
import type { Figures, SizeRun } from "./run.ts";
import type { Growth } from "./verdict.ts";

export interface GrowthRun {
  readonly begunAt: string;
  readonly machine: Machine;
  readonly runs: readonly SizeRun[];
  readonly growth: readonly Growth[];
}

export function writeTables(run: GrowthRun): string {
  return `${[...head(run), "", ...operations(run), "", ...reasons(run), "", ...sizes(run)].join("\n")}\n`;
}

function head({ begunAt, machine }: GrowthRun): string[] {
  const { cpu, cores, memoryGb, system, node, workerd, commit, loadBefore, loadAfter } = machine;
  return [
    "# What D1 is asked, as the history grows",
    "",
    `${begunAt}, commit ${commit}, Node ${node}, workerd ${workerd}. ${cpu}, ${cores} cores, ${memoryGb} GB, ${system};`,
    `load average ${loadBefore.toFixed(1)} before and ${loadAfter.toFixed(1)} at the end. Rows are D1's own count, and do not`,
    "depend on the machine; times are D1's own, of the local one.",
  ];
}

function operations({ runs, growth }: GrowthRun): string[] {
  const names = runs.map(({ shape }) => count(shape.deliveries));
  const columns = ["rows read", "rows written", "ms"].flatMap((what) =>
    names.map((size) => `${what}, ${size}`),
  );
  const titles = ["activity", "per", "statements", ...columns, "grows"];
  const rows = growth.map(({ operation, constant, read }) => {
    const figures = runs.flatMap((one) => one.figures.filter((f) => f.operation === operation));
    const cells = (field: "rowsRead" | "rowsWritten" | "durationMs", digits: number): string[] =>
      figures.map((f) => (digits === 0 ? count(f[field]) : f[field].toFixed(digits)));
    const [first] = figures;
    return [
      operation,
      first?.per ?? "",
      statementsText(first),
      ...cells("rowsRead", 0),
      ...cells("rowsWritten", 0),
      ...cells("durationMs", 1),
      constant ? "no" : `× ${read.toFixed(1)}`,
    ];
  });
  return [line(titles), line(titles.map((_, i) => (i < 2 ? "---" : "---:"))), ...rows.map(line)];
}

/** What may grow, and did. */
const reasons = ({ growth }: GrowthRun): string[] =>
  growth
    .filter(({ constant }) => !constant)
    .map(({ operation, reason }) => `- ${operation}: ${reason ?? "it should not"}`);

const statementsText = (figures: Figures | undefined): string =>
  figures === undefined ? "" : `${count(figures.statements)} in ${count(figures.roundTrips)}`;

function sizes({ runs }: GrowthRun): string[] {
  const titles = [
    "deliveries",
    "waiting",
    "database, MB",
    "bytes a delivery",
    "filled in, s",
    "retention: chunks",
    "rows deleted",
    "ms a chunk (longest)",
    "record 100 alone, ms (longest)",
    "beside retention",
  ];
  const rows = runs.map(({ shape, databaseBytes, fillSeconds, underLoad }) => [
    count(shape.deliveries),
    count(shape.waiting),
    (databaseBytes / 1e6).toFixed(0),
    count(databaseBytes / (shape.deliveries + shape.waiting / 3)),
    fillSeconds.toFixed(0),
    count(underLoad.chunks),
    count(underLoad.rowsDeleted),
    pair(underLoad.chunkMs),
    pair(underLoad.recordAloneMs),
    pair(underLoad.recordBesideMs),
  ]);
  return [line(titles), line(titles.map(() => "---:")), ...rows.map(line)];
}

const pair = ([middle, longest]: readonly [number, number]): string =>
  `${middle.toFixed(0)} (${longest.toFixed(0)})`;
const count = (value: number): string => Math.round(value).toLocaleString("en-US");
const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
