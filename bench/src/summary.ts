/** From rounds to figures: the median and the spread of each, and the ratios that the report is about. */
import { FLOOR, GATEWAY } from "./contenders.ts";
import type { PayloadName } from "./payload.ts";
import type { Measurement } from "./round.ts";
import { type Spread, spread } from "./statistics.ts";

/** One figure of a measurement. */
interface Figure {
  readonly title: string;
  readonly unit: string;
  readonly of: (measured: Measurement) => number | undefined;
}

/** In the order of the table's columns. */
export const FIGURES = {
  requestsPerSecond: { title: "requests/s", unit: "1/s", of: ({ closed }) => closed.requestsPerSecond },
  cpuMs: { title: "CPU ms/request", unit: "ms", of: ({ closed }) => closed.cpuMsPerRequest },
  p50Ms: { title: "p50 ms", unit: "ms", of: ({ open }) => open.p50Ms },
  p99Ms: { title: "p99 ms", unit: "ms", of: ({ open }) => open.p99Ms },
  p999Ms: { title: "p99.9 ms", unit: "ms", of: ({ open }) => open.p999Ms },
  peakMb: { title: "peak MB", unit: "MB", of: ({ closed }) => megabytes(closed.peakBytes) },
  cores: { title: "cores busy", unit: "cores", of: ({ closed }) => closed.cores },
} as const satisfies Record<string, Figure>;
export type FigureName = keyof typeof FIGURES;
export const FIGURE_NAMES = Object.keys(FIGURES) as readonly FigureName[];

/** One contender with one payload, over all rounds. */
export interface Row {
  readonly contender: string;
  readonly payload: PayloadName;
  readonly figures: Readonly<Record<FigureName, Spread | undefined>>;
  /** Medians of the ratios within each round: contender ÷ floor. */
  readonly toFloor: Ratios;
  /** Producer ÷ contender. */
  readonly gateway: Ratios;
}

export interface Ratios {
  readonly requestsPerSecond: number | undefined;
  readonly cpuMs: number | undefined;
  readonly p99Ms: number | undefined;
}

export function summarize(measured: readonly Measurement[]): readonly Row[] {
  const groups = Object.values(Object.groupBy(measured, (each) => `${each.payload} ${each.contender}`));
  return groups.flatMap((group = []) => {
    const [first] = group;
    if (first === undefined) return [];
    const { contender, payload } = first;
    const others = (name: string) =>
      measured.filter((each) => each.payload === payload && each.contender === name);
    const figures = Object.fromEntries(FIGURE_NAMES.map((name) => [name, spread(values(group, name))]));
    return {
      contender,
      payload,
      figures: figures as Row["figures"],
      toFloor: ratios(group, others(FLOOR)),
      gateway: ratios(others(GATEWAY), group),
    };
  });
}

const values = (group: readonly Measurement[], name: FigureName): number[] =>
  group.flatMap((measured) => FIGURES[name].of(measured) ?? []);

const ratios = (of: readonly Measurement[], to: readonly Measurement[]): Ratios => ({
  requestsPerSecond: ratio(of, to, "requestsPerSecond"),
  cpuMs: ratio(of, to, "cpuMs"),
  p99Ms: ratio(of, to, "p99Ms"),
});

/** Within a round first: what disturbs a round disturbs both. */
function ratio(of: readonly Measurement[], to: readonly Measurement[], name: FigureName): number | undefined {
  const inEachRound = of.flatMap((measured) => {
    const other = to.find(({ round }) => round === measured.round);
    const above = FIGURES[name].of(measured);
    const below = other === undefined ? undefined : FIGURES[name].of(other);
    return above === undefined || below === undefined ? [] : above / below;
  });
  return spread(inEachRound)?.median;
}

const megabytes = (bytes: number | undefined): number | undefined =>
  bytes === undefined ? undefined : bytes / 1_000_000;
