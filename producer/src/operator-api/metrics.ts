/** The overview as OpenMetrics text, for scrapers. */
import type { Overview } from "@webhook-gateway/shared/api/overview.ts";
import { BUCKETS, type Counts } from "@webhook-gateway/shared/domain/histogram.ts";
import {
  type CounterName,
  type HistogramName,
  keyOf,
  type Metrics,
  sumOf,
} from "@webhook-gateway/shared/store/metrics.ts";
import { counter, gauge, histogram, type Sample } from "./open-metrics.ts";

/** OpenMetrics 1.0. */
export const METRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** Gauges of the current state in D1, and what was counted since the gateway was installed. */
export function metricsText(overview: Overview, metrics: Metrics): string {
  const nowMs = Date.parse(overview.timestamp);
  const age = (at: string | null): number => (at === null ? 0 : Math.max(0, (nowMs - Date.parse(at)) / 1000));
  const { waiting, gates, states, dead_letters, reports, cancels, events, deliveries } = overview;
  return [
    gauge("validations", "Validations by state; ended ones in the last 24 hours", by("state", states)),
    gauge(
      "waiting",
      "Validations that are waiting for a sandbox, by lane",
      by("lane", pick(waiting, "live", "replay")),
    ),
    gauge("waiting_backing_off", "Waiting validations that will be retried later", [
      [{}, waiting.backing_off],
    ]),
    gauge("waiting_oldest_age_seconds", "Age of the oldest waiting validation", [
      [{}, age(waiting.oldest_at)],
    ]),
    gauge(
      "gate_closed",
      "Whether the gate is closed: nothing is sent there",
      gates.map(({ name, state }) => [{ gate: name }, state === "closed" ? 1 : 0]),
    ),
    gauge(
      "gate_closed_seconds",
      "How long the gate has been closed",
      gates.map(({ name, since }) => [{ gate: name }, age(since)]),
    ),
    gauge(
      "dead_letters",
      "Open dead letters",
      dead_letters.map(({ kind, class: name, letters }) => [{ kind, class: name }, letters]),
    ),
    gauge("reports_due", "Reports that are due to GitHub", [[{}, reports.due]]),
    gauge("reports_oldest_age_seconds", "How long the oldest due report has been due", [
      [{}, age(reports.oldest_due_at)],
    ]),
    gauge("cancels_due", "Cancels that are due to Grainchain", [[{}, cancels.due]]),
    gauge(
      "events_oldest_age_seconds",
      "Age of the oldest state change that the sink of events has not taken",
      [[{}, age(events.oldest_at)]],
    ),
    gauge("deliveries_last_hour", "Deliveries received within the last hour", [[{}, deliveries.last_hour]]),
    gauge(
      "deliveries_recovered_last_day",
      "Missing deliveries that were fetched from GitHub in the last day",
      [[{}, deliveries.recovered_last_day]],
    ),
    gauge("last_delivery_age_seconds", "Age of the last delivery", [[{}, age(deliveries.last_at)]]),
    gauge("reused_last_day", "Runs that were not needed in the last day: the same files had passed", [
      [{}, overview.reused_last_day],
    ]),
    gauge("replays_running", "Replays in progress", [[{}, overview.replays_running]]),
    gauge("database_bytes", "Size of the D1 database", [[{}, overview.database.bytes]]),
    gauge("database_max_bytes", "What the D1 database can hold", [[{}, overview.database.max_bytes]]),
    gauge(
      "retention_shortened",
      "Whether rows are kept for less time than configured: the database fills up",
      [[{}, overview.database.shortened === null ? 0 : 1]],
    ),
    ...STAGES.map(([name, help]) => histogram(name, help, bucketsOf(metrics, name), sumOf(metrics, name))),
    ...COUNTED.map(([name, label, help, known]) =>
      counter(name, help, countsOf(metrics, name, label, known)),
    ),
    "# EOF\n",
  ].join("");
}

const STAGES: readonly (readonly [HistogramName, help: string])[] = [
  ["record", "From the receipt of a delivery to its record in D1"],
  ["dispatch", "From the record of a validation to its dispatch to Grainchain"],
  ["finish", "From the dispatch of a validation to its end"],
  ["report", "From the end of a validation to its report on GitHub"],
];

/** With labels that are shown before anything was counted. */
const COUNTED: readonly (readonly [CounterName, label: string, help: string, known: readonly string[]])[] = [
  ["recorded", "outcome", "Deliveries recorded", ["started", "ignored"]],
  [
    "finished",
    "outcome",
    "Validations that have ended: the conclusion or else the state",
    ["success", "failure"],
  ],
  ["reports", "class", "Reports to GitHub, by result", ["posted"]],
  ["events", "class", "State changes for the sink of events, by result", ["sent"]],
  ["grainchain_calls", "class", "Calls to Grainchain, by the class of the answer", ["ok", "no_answer"]],
  ["github_calls", "class", "Calls to GitHub, by the class of the answer", ["ok", "no_answer"]],
];

const bucketsOf = (metrics: Metrics, name: HistogramName): Counts =>
  Object.fromEntries(BUCKETS.map((bucket) => [bucket.name, metrics[keyOf(name, bucket.name)] ?? 0]));

function countsOf(
  metrics: Metrics,
  name: CounterName,
  label: string,
  known: readonly string[],
): readonly Sample[] {
  const prefix = keyOf(name, "");
  const found = Object.entries(metrics).flatMap(([key, n]): [string, number][] =>
    key.startsWith(prefix) ? [[key.slice(prefix.length), n]] : [],
  );
  const counts = new Map([...known.map((one): [string, number] => [one, 0]), ...found]);
  return [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([value, n]) => [{ [label]: value }, n]);
}

const by = (label: string, values: Readonly<Record<string, number>>): Sample[] =>
  Object.entries(values).map(([name, value]) => [{ [label]: name }, value]);

const pick = <Key extends string>(
  from: Readonly<Record<Key, number>>,
  ...keys: Key[]
): Record<string, number> => Object.fromEntries(keys.map((key) => [key, from[key]]));
