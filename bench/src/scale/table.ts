/** Cost, capacity and sharding as tables in Markdown. */
import type { Machine } from "../machine.ts";
import { limitsOf, REPORTABLE_A_MONTH, type Reached } from "./capacity.ts";
import { costOf, type Load, type Measured, type Operations, PRODUCTS, totalOf } from "./cost.ts";
import { SHARDS, type Sharding } from "./sharding.ts";

export interface ScaleRun {
  readonly begunAt: string;
  readonly machine: Machine;
  /** Deliveries of each kind that were counted. */
  readonly deliveries: number;
  /** Indexes that it was counted without. */
  readonly dropped: readonly string[];
  readonly busy: Measured;
  readonly quiet: Measured;
  readonly loads: readonly Load[];
  readonly sharding: Sharding;
}

/** Few deliveries come one at a time. */
const QUIET_PER_SECOND = 1;

export const measuredFor = (run: Pick<ScaleRun, "busy" | "quiet">, load: Load): Measured =>
  load.deliveriesPerSecond < QUIET_PER_SECOND ? run.quiet : run.busy;

export function writeScale(run: ScaleRun): string {
  const sections = [head(run), operations(run), costs(run), ...run.loads.map((load) => limits(run, load))];
  return `${[...sections, ...sharding(run.sharding)].map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function head({ begunAt, machine, deliveries, dropped }: ScaleRun): string[] {
  const { cpu, cores, node, workerd, commit, loadBefore } = machine;
  return [
    "# Cost and capacity",
    "",
    `${begunAt}, commit ${commit}, Node ${node}, workerd ${workerd}, ${cpu}, ${cores} cores, load average ${loadBefore.toFixed(1)}.`,
    `Operations are counted over ${deliveries} deliveries of each kind; everything else is calculated from them.`,
    ...(dropped.length === 0 ? [] : [`Counted without ${dropped.join(", ")}.`]),
  ];
}

const OPERATIONS: readonly (readonly [keyof Operations, string, number])[] = [
  ["requests", "requests to the producer", 2],
  ["invocations", "invocations of the consumer", 2],
  ["messages", "queue messages", 2],
  ["rowsRead", "D1 rows read", 0],
  ["rowsWritten", "D1 rows written", 1],
  ["rowsDeleted", "D1 rows written by retention", 1],
  ["roundTrips", "D1 round trips", 2],
  ["d1Ms", "D1's time, ms (the local one)", 2],
  ["storedBytes", "bytes stored", 0],
  ["grainchainCalls", "calls of Grainchain", 2],
  ["githubCalls", "calls of GitHub", 2],
  ["githubCreates", "of them: check runs created", 2],
  ["budgetCalls", "calls of the budget object", 2],
  ["dataPoints", "data points", 2],
  ["cpuMs", "CPU, ms, with the benchmark's own (Node)", 1],
];

function operations({ busy, quiet }: ScaleRun): string[] {
  const titles = [
    "one delivery makes",
    "validated, 100 at once",
    "validated, alone",
    "recorded only, 100 at once",
    "recorded only, alone",
  ];
  const rows = OPERATIONS.map(([name, title, digits]) => [
    title,
    ...[busy.validated, quiet.validated, busy.noted, quiet.noted].map((one) => count(one[name], digits)),
  ]);
  return ["## Operations (measured)", "", ...table(titles, rows)];
}

function costs(run: ScaleRun): string[] {
  const titles = ["$ a month", ...run.loads.map(({ name }) => name)];
  const all = run.loads.map((load) => costOf(measuredFor(run, load), load));
  const rows = [
    ...PRODUCTS.map((product) => [product, ...all.map((cost) => count(cost[product], 2))]),
    ["**all**", ...all.map((cost) => `**${count(totalOf(cost), 2)}**`)],
    ["$ a million deliveries", ...run.loads.map((load, i) => perMillion(all[i], load))],
    ["shards (databases)", ...run.loads.map(({ shards }) => count(shards, 0))],
  ];
  return ["## Cost (calculated)", "", ...table(titles, rows)];
}

function perMillion(cost: ReturnType<typeof costOf> | undefined, load: Load): string {
  const deliveries = load.deliveriesPerSecond * 30 * 24 * 3600;
  return cost === undefined ? "" : count((totalOf(cost) / deliveries) * 1e6, 2);
}

function limits(run: ScaleRun, load: Load): string[] {
  const titles = ["limit", "load", "allowed", "needed at half of it", "what is done"];
  const rows = limitsOf(measuredFor(run, load), load).map((one: Reached) => [
    one.limit,
    `${count(one.load, one.load < 1 ? 4 : 1)} ${one.unit}`,
    `${count(one.allowed, 0)} ${one.unit}`,
    `${count(one.needed, 0)} × ${one.of}`,
    one.load > one.allowed / 2 ? one.mend : "",
  ]);
  return [
    `## Limits: ${load.name}`,
    "",
    ...table(titles, rows),
    "",
    `GitHub: one installation can create ${count(REPORTABLE_A_MONTH, 0)} check runs a month; GitHub's rows are not halved.`,
  ];
}

function sharding({ repositories, skews, reshardings, drains }: Sharding): string[][] {
  return [
    [
      `## Hottest shard to the mean (simulated, ${count(repositories, 0)} repositories)`,
      "",
      ...table(
        ["skew", "busiest repository", ...SHARDS.map((shards) => `${shards} shards`)],
        skews.map((one) => [
          String(one.skew),
          `${count(one.busiest * 100, 2)} %`,
          ...one.hottest.map((share) => count(share, 2)),
        ]),
      ),
    ],
    [
      "## Repositories that move (simulated)",
      "",
      ...table(
        ["from", "to", "least possible", ...Object.keys(reshardings[0]?.moved ?? {})],
        reshardings.map(({ from, to, moved }) => [
          String(from),
          String(to),
          percent(1 - from / to),
          ...Object.values(moved).map(percent),
        ]),
      ),
    ],
    [
      `${drains.runs} moves from 3 to 4 shards: ${count(drains.deliveries, 0)} deliveries, ${count(drains.moved, 0)} repositories moved,`,
      `${count(drains.repeated, 0)} messages repeated, ${count(drains.sentOn, 0)} sent on, ${count(drains.heldBack, 0)} times held back; broken: ${drains.broken.length === 0 ? "nothing" : drains.broken.join(", ")}.`,
    ],
  ];
}

const percent = (share: number): string => `${count(share * 100, 1)} %`;

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [line(titles), line(titles.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)];
}

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

const count = (value: number, digits: number): string =>
  value.toLocaleString("en-US", {
    minimumFractionDigits: 0,
    maximumFractionDigits: value > 1000 ? 0 : digits,
  });
