/** The report as one SVG: a bar for each contender with the spread over the rounds, for each figure. */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { FIGURES, type FigureName, type Row } from "./summary.ts";

const PLOTTED: readonly FigureName[] = ["requestsPerSecond", "cpuMs", "p99Ms"];
const WIDTH = 760;
const MARGIN_LEFT = 130;
const ROW_HEIGHT = 26;

/** Plots medians, with a line from the smallest to the largest value. */
export function plotRows(rows: readonly Row[]): string {
  const payloads = [...new Set(rows.map(({ payload }) => payload))];
  const plots = payloads.flatMap((payload) =>
    PLOTTED.map((name) =>
      plotFigure(
        rows.filter((row) => row.payload === payload),
        name,
        payload,
      ),
    ),
  );
  let top = 0;
  const placed = plots.map(({ svg, height }) => {
    const at = top;
    top += height;
    return `<g transform="translate(0 ${at})">${svg}</g>`;
  });
  const size = `width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}><rect width="100%" height="100%" fill="white"/>${placed.join("")}</svg>\n`;
}

function plotFigure(rows: readonly Row[], name: FigureName, payload: string) {
  const data = rows.flatMap(({ contender, figures }) => {
    const figure = figures[name];
    return figure === undefined ? [] : { contender, ...figure };
  });
  const height = 60 + ROW_HEIGHT * data.length;
  const { title } = FIGURES[name];
  const { document } = parseHTML("<html><body></body></html>");
  const element = Plot.plot({
    document,
    width: WIDTH,
    height,
    marginLeft: MARGIN_LEFT,
    x: { label: `${payload}: ${title}`, grid: true, zero: true },
    y: { label: null, domain: data.map(({ contender }) => contender) },
    marks: [
      Plot.barX(data, { x: "median", y: "contender", fill: "contender", insetTop: 3, insetBottom: 3 }),
      Plot.ruleY(data, { x1: "min", x2: "max", y: "contender", stroke: "black" }),
      Plot.ruleX([0]),
    ],
  });
  element.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return { svg: element.outerHTML, height };
}
