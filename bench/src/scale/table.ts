/** The loads that are calculated; cost and capacity as tables. */
import { count, table } from "../results.ts";
import { deliveriesAt, limitsOf } from "./capacity.ts";
import {
  archiveOf,
  costOf,
  daysWithin,
  type Load,
  type Measured,
  type Mix,
  OPERATIONS,
  type Operations,
  retainedGb,
  totalOf,
  WHOLE_BYTES,
} from "./cost.ts";
import type { Writes } from "./count.ts";

/**
 * Of a hundred deliveries of the events that are routed, 30 start a validation, 50 are recorded only (closes, pushes, what
 * is stale), and 20 need nothing. An assumption: `--validated` and `--noted` change it.
 */
export const MIX: Mix = { validated: 0.3, noted: 0.5 };

/** What the counted validations have on average. */
const RESULTS_BYTES = 1_000;
const LARGE_RESULTS_BYTES = 30_000;

/** Of the database: up to it, no alert is raised. */
const HOT_GB = 7;

/** A limit is planned to be used to this share, so that there is room for bursts. */
const PLANNED = 0.5;

export function writeScale(measured: Measured, writes: Writes, mix: Mix): string {
  const kept = {
    mix,
    validationsDays: 90,
    deliveriesDays: 14,
    archiveDays: 400,
    resultsBytes: RESULTS_BYTES,
  };
  const million: Load = { ...kept, name: "1 million", deliveriesPerMonth: 1e6 };
  const largest: Load = {
    ...kept,
    name: "10 million, validations for 12 days",
    deliveriesPerMonth: 10e6,
    validationsDays: 12,
  };
  const loads: readonly Load[] = [
    { ...kept, name: "60,000", deliveriesPerMonth: 60_000 },
    million,
    largest,
    { ...largest, name: "the same, results of 8 kB", resultsBytes: WHOLE_BYTES },
    { ...largest, name: "the same, results of 30 kB", resultsBytes: LARGE_RESULTS_BYTES },
  ];
  const names = loads.map(({ name }) => name);
  const operations = (Object.keys(OPERATIONS) as (keyof Operations)[]).map((key) => [
    OPERATIONS[key],
    number(measured.validated[key]),
    number(measured.noted[key]),
  ]);
  const costs = loads.map((load) => costOf(measured, load));
  const products = Object.keys(costOf(measured, million)) as (keyof ReturnType<typeof costOf>)[];
  const totals = costs.map(totalOf);
  const used = loads.map((load) =>
    limitsOf(measured, load).map((limit) => `${number((limit.used / limit.allowed) * 100)} %`),
  );
  const limits = limitsOf(measured, million).map((limit, i) => [
    limit.limit,
    `${count(limit.allowed)} ${limit.unit}`,
    ...used.map((each) => each[i] ?? ""),
    `${number(deliveriesAt(limit, million, PLANNED) / 1e6)} million`,
  ]);
  return [
    "## What one delivery makes the platform do (measured)",
    table(["one delivery makes", "validated", "recorded only"], operations),
    "### What one validation takes, with everything related",
    table(
      ["with results of", "1 kB", "8 kB", "8 kB, archived early, or more"],
      [
        ["bytes of D1", ...bytesOf(measured).map(number)],
        ["bytes of the archive, without output", ...Array(3).fill(number(measured.kept.archivedBytes))],
        ["rows written to archive it early", "0", "0", number(measured.kept.rowsWritten)],
      ],
    ),
    "### Rows written, by table, index entries included",
    table(["one delivery writes to", "validated", "recorded only"], writesOf(writes)),
    "## What a month costs (calculated)",
    table(
      ["$ a month, by deliveries a month", ...names],
      [
        ...products.map((product) => [product, ...costs.map((cost) => number(cost[product]))]),
        ["**all**", ...totals.map((total) => `**${number(total)}**`)],
        ["$ a million deliveries", ...loads.map((load, i) => perMillion(totals[i] ?? 0, load))],
      ],
    ),
    "## What D1 and the archive hold (calculated)",
    table(
      ["", ...names],
      [
        ["D1, GB", ...loads.map((load) => number(retainedGb(measured, load)))],
        [`days of validations in ${HOT_GB} GB`, ...loads.map((load) => daysIn(measured, load))],
        ["archive, GB", ...loads.map((load) => number(archiveOf(measured, load).storedGb))],
      ],
    ),
    "## How much of each limit is used (calculated)",
    table(["limit", "allowed", ...names, "half of it is used at, a month"], limits),
  ].join("\n\n");
}

const bytesOf = ({ validated, kept }: Measured): number[] => [
  validated.storedBytes,
  kept.wholeBytes,
  kept.digestBytes,
];

const daysIn = (measured: Measured, load: Load): string => number(daysWithin(measured, load, HOT_GB));

function writesOf({ validated, noted }: Writes): string[][] {
  const tables = new Set([...Object.keys(validated), ...Object.keys(noted)]);
  return [...tables]
    .toSorted((a, b) => (validated[b] ?? 0) - (validated[a] ?? 0))
    .map((name) => [`\`${name}\``, number(validated[name] ?? 0), number(noted[name] ?? 0)]);
}

const perMillion = (dollars: number, { deliveriesPerMonth }: Load): string =>
  number((dollars / deliveriesPerMonth) * 1e6);

/** Two digits after the point up to ten, one up to a thousand. */
const number = (value: number): string => count(value, value < 10 ? 2 : value < 1000 ? 1 : 0);
