/** From rounds to figures: the median and the spread of each, and the ratios that the report is about. */
import { buildPayload, type PayloadName } from "../payload.ts";
import { table } from "../results.ts";
import { type Spread, spread } from "../statistics.ts";
import { FLOOR } from "./contender.ts";
import { FIGURES, type Figure, type Measurement, RATES_PER_SECOND } from "./round.ts";

const NAMES = Object.keys(FIGURES) as readonly Figure[];

/** The ratios: of a contender's figure to the floor's. */
const RATIOS = ["requestsPerSecond", "cpuMs"] as const satisfies readonly Figure[];

/** One contender with one payload, over all rounds. */
export interface Row {
  readonly contender: string;
  readonly payload: PayloadName;
  readonly figures: Readonly<Partial<Record<Figure, Spread>>>;
  /** Medians of the ratios within each round. */
  readonly ratios: readonly (number | undefined)[];
}

export function summarize(measured: readonly Measurement[]): readonly Row[] {
  const groups = Object.values(Object.groupBy(measured, (each) => `${each.payload} ${each.contender}`));
  return groups.flatMap((group = []) => {
    const [first] = group;
    if (first === undefined) return [];
    const { contender, payload } = first;
    const figures = Object.fromEntries(
      NAMES.map((name) => [name, spread(group.flatMap((each) => each.figures[name] ?? []))]),
    );
    const floor = measured.filter((each) => each.payload === payload && each.contender === FLOOR);
    const ratios = RATIOS.map((name) => ratio(group, floor, name));
    return [{ contender, payload, figures, ratios }];
  });
}

/** Within a round first: what disturbs a round disturbs both. */
function ratio(of: readonly Measurement[], to: readonly Measurement[], name: Figure): number | undefined {
  const inEachRound = of.flatMap(({ round, figures }) => {
    const above = figures[name];
    const below = to.find((each) => each.round === round)?.figures[name];
    return above === undefined || below === undefined ? [] : above / below;
  });
  return spread(inEachRound)?.[0];
}

/** A table for each payload. */
export function writeTables(rows: readonly Row[]): string {
  const titles = [
    "contender",
    ...Object.values(FIGURES),
    ...RATIOS.map((name) => `${FIGURES[name]} ÷ floor`),
  ];
  const sections = Map.groupBy(rows, ({ payload }) => payload);
  return Array.from(sections, ([payload, among]) => {
    const kilobytes = (buildPayload(payload).body.byteLength / 1000).toFixed(1);
    const lines = among.map(({ contender, figures, ratios }) => [
      contender,
      ...NAMES.map((name) => spreadText(figures[name])),
      ...ratios.map((each) => each?.toFixed(2) ?? "–"),
    ]);
    return `## ${payload}, ${kilobytes} kB; latencies at ${RATES_PER_SECOND[payload]} requests/s\n\n${table(titles, lines)}\n`;
  }).join("\n");
}

const spreadText = (values: Spread | undefined): string => {
  const [median = "–", min, max] = values?.map(significant) ?? [];
  return values === undefined ? median : `${median} (${min}–${max})`;
};

/** Three significant digits, never in exponential form. */
const significant = (value: number): string =>
  value >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString();
