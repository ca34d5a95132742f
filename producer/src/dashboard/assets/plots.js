/** Draws the charts from the table with the same numbers. */
/* global uPlot */

const drawn = new Map();

/** Draws every chart that is new or whose numbers have changed. */
export function drawPlots() {
  const table = document.getElementById("hour-table");
  if (table === null || typeof uPlot === "undefined") return;
  const rows = [...table.tBodies[0].rows].reverse();
  for (const container of document.querySelectorAll("[data-plot]")) {
    const data = READ[container.dataset.plot](rows);
    const text = JSON.stringify(data.shown);
    const known = drawn.get(container);
    if (known?.text === text) continue;
    known?.plot.destroy();
    drawn.set(container, { text, plot: draw(container, data) });
  }
}

/** Colors come from the style sheet; a canvas does not follow a change of it by itself. */
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawPlots);
addEventListener("resize", () => {
  for (const [container, { plot }] of drawn) plot.setSize(sizeOf(container));
});

function redrawPlots() {
  for (const { plot } of drawn.values()) plot.destroy();
  drawn.clear();
  drawPlots();
}

const numbers = (rows, series) =>
  rows.map((row) => {
    const { value } = row.querySelector(`[data-series="${series}"]`).dataset;
    return value === "" ? null : Number(value);
  });

const times = (rows) => rows.map((row) => Number(row.dataset.at));

/** The data of each chart: `shown` are the numbers, `data` is what is drawn. */
const READ = {
  /** Stacked bars: each is as tall as the sum of its own number and those below. */
  throughput(rows) {
    const kinds = ["succeeded", "failed_checks", "broken", "other"];
    const shown = kinds.map((kind) => numbers(rows, kind));
    const sums = shown.map((_, top) =>
      shown[0].map((_, hour) => shown.slice(0, top + 1).reduce((sum, values) => sum + values[hour], 0)),
    );
    const series = kinds.map((kind, index) => ({
      label: LABELS[kind],
      fill: color(`--plot-${kind}`),
      stroke: color("--panel"),
      width: 1,
      points: { show: false },
      paths: uPlot.paths.bars({ size: [0.8, 48] }),
      value: (_plot, _value, _series, hour) => shown[index][hour ?? -1] ?? "–",
    }));
    // The tallest first, so that the others are drawn over it.
    const data = [times(rows), ...sums.toReversed()];
    return { shown, data, series: series.toReversed(), whole: true };
  },
  latency(rows) {
    const kinds = ["p50_ms", "p95_ms", "p99_ms"];
    const shown = kinds.map((kind) => numbers(rows, kind));
    const series = kinds.map((kind, index) => ({
      label: LABELS[kind],
      stroke: color("--plot-line"),
      width: 2,
      dash: DASHES[index],
      points: { show: true, size: 6, fill: color("--plot-line") },
      value: (_plot, value) => (value === null || value === undefined ? "–" : spanText(value)),
    }));
    return { shown, data: [times(rows), ...shown], series, whole: false };
  },
};

const LABELS = {
  succeeded: "success",
  failed_checks: "failure",
  broken: "broken",
  other: "other",
  p50_ms: "p50",
  p95_ms: "p95",
  p99_ms: "p99",
};

/** The lines of the percentiles: solid, dashed, dotted. */
const DASHES = [[], [8, 4], [2, 4]];

const HEIGHT = 180;
const HOUR_SECONDS = 3600;
/** The least height of the scale, so that one validation does not fill it. */
const LEAST_TOP = 4;

const sizeOf = (container) => ({ width: container.clientWidth, height: HEIGHT });

/** Colors depend on the scheme, and a canvas does not resolve them: an element does. */
const probe = document.body.appendChild(document.createElement("i"));
const color = (name) => {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
};

const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 16);

const spanText = (seconds) => (seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 6) / 10} min`);

function draw(container, { data, series, whole }) {
  const [hours] = data;
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const axis = {
    stroke: color("--muted"),
    font,
    grid: { stroke: color("--line"), width: 1 },
    ticks: { show: false },
  };
  const options = {
    ...sizeOf(container),
    cursor: { y: false, drag: { x: false, y: false }, points: { show: !whole } },
    legend: { live: true },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: {
      x: { range: () => [hours[0] - HOUR_SECONDS / 2, hours.at(-1) + HOUR_SECONDS / 2] },
      y: { range: (_plot, _least, most) => [0, Math.max((most ?? 0) * 1.08, LEAST_TOP)] },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 56, size: 28, values: (_plot, splits) => splits.map(clock) },
      {
        ...axis,
        size: 58,
        ...(whole ? { incrs: WHOLE } : { values: (_plot, splits) => splits.map(spanText) }),
      },
    ],
    series: [
      { label: "UTC", value: (_plot, at) => (at === null || at === undefined ? "–" : clock(at)) },
      ...series,
    ],
  };
  return new uPlot(options, data, container);
}

/** Validations are whole numbers. */
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];
