/** Draws the plots from the table that says the same. */
/* global uPlot */

const drawn = new Map();

/** Draws what is not drawn yet, and gives the rest its new numbers. */
export function drawPlots() {
  const table = document.getElementById("hour-table");
  if (table === null || typeof uPlot === "undefined") return;
  const rows = [...table.tBodies[0].rows].reverse();
  for (const place of document.querySelectorAll("[data-plot]")) {
    const data = READ[place.dataset.plot](rows);
    const text = JSON.stringify(data.shown);
    const known = drawn.get(place);
    if (known?.text === text) continue;
    known?.plot.destroy();
    drawn.set(place, { text, plot: draw(place, data) });
  }
}

/** Colours come from the style sheet; a canvas does not follow it by itself. */
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawPlots);
addEventListener("resize", () => {
  for (const [place, { plot }] of drawn) plot.setSize(sizeOf(place));
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

/** What each plot reads: `shown` are the numbers, `data` what is drawn of them. */
const READ = {
  /** Bars on top of each other: each reaches to the sum of its own and those below. */
  throughput(rows) {
    const kinds = ["succeeded", "failed_checks", "broken", "other"];
    const shown = kinds.map((kind) => numbers(rows, kind));
    const sums = shown.map((_, top) =>
      shown[0].map((_, hour) => shown.slice(0, top + 1).reduce((sum, values) => sum + values[hour], 0)),
    );
    const series = kinds.map((kind, index) => ({
      label: LABELS[kind],
      fill: colour(`--plot-${kind}`),
      stroke: colour("--panel"),
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
    const shown = [numbers(rows, "seconds")];
    const series = [
      {
        label: LABELS.seconds,
        stroke: colour("--plot-line"),
        width: 2,
        points: { show: true, size: 6, fill: colour("--plot-line") },
        value: (_plot, value) => (value === null || value === undefined ? "–" : spanText(value)),
      },
    ];
    return { shown, data: [times(rows), ...shown], series, whole: false };
  },
};

const LABELS = {
  succeeded: "success",
  failed_checks: "failure",
  broken: "broken",
  other: "other",
  seconds: "mean",
};

const HEIGHT = 180;
const HOUR_SECONDS = 3600;
/** At least so much is in view, so that one validation is not as tall as a thousand. */
const LEAST_TOP = 4;

const sizeOf = (place) => ({ width: place.clientWidth, height: HEIGHT });
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 16);

const spanText = (seconds) => (seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 6) / 10} min`);

function draw(place, { data, series, whole }) {
  const [hours] = data;
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const axis = {
    stroke: colour("--muted"),
    font,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  const options = {
    ...sizeOf(place),
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
  return new uPlot(options, data, place);
}

/** There is no half validation. */
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];
