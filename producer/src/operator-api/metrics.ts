/** The overview as OpenMetrics text, for scrapers. */
import type { Overview } from "@webhook-gateway/shared/api/overview.ts";

/** OpenMetrics 1.0. */
export const METRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

/** All of them are gauges: the current state in D1. */
export function metricsText(overview: Overview): string {
  const nowMs = Date.parse(overview.timestamp);
  const age = (at: string | null): number => (at === null ? 0 : Math.max(0, (nowMs - Date.parse(at)) / 1000));
  const { waiting, gates, states, dead_letters, reports, cancels, events, deliveries } = overview;
  return [
    family("validations", "Validations by state; ended ones in the last 24 hours", by("state", states)),
    family(
      "waiting",
      "Validations that are waiting for a sandbox, by lane",
      by("lane", pick(waiting, "live", "replay")),
    ),
    family("waiting_backing_off", "Waiting validations that will be retried later", [
      [{}, waiting.backing_off],
    ]),
    family("waiting_oldest_age_seconds", "Age of the oldest waiting validation", [
      [{}, age(waiting.oldest_at)],
    ]),
    family(
      "gate_closed",
      "Whether the gate is closed: nothing is sent there",
      gates.map(({ name, state }) => [{ gate: name }, state === "closed" ? 1 : 0]),
    ),
    family(
      "gate_closed_seconds",
      "How long the gate has been closed",
      gates.map(({ name, since }) => [{ gate: name }, age(since)]),
    ),
    family(
      "dead_letters",
      "Open dead letters",
      dead_letters.map(({ kind, class: name, letters }) => [{ kind, class: name }, letters]),
    ),
    family("reports_due", "Reports that are due to GitHub", [[{}, reports.due]]),
    family("reports_oldest_age_seconds", "How long the oldest due report has been due", [
      [{}, age(reports.oldest_due_at)],
    ]),
    family("cancels_due", "Cancels that are due to Grainchain", [[{}, cancels.due]]),
    family(
      "events_oldest_age_seconds",
      "Age of the oldest state change that the sink of events has not taken",
      [[{}, age(events.oldest_at)]],
    ),
    family("deliveries_last_hour", "Deliveries received within the last hour", [[{}, deliveries.last_hour]]),
    family(
      "deliveries_recovered_last_day",
      "Missing deliveries that were fetched from GitHub in the last day",
      [[{}, deliveries.recovered_last_day]],
    ),
    family("last_delivery_age_seconds", "Age of the last delivery", [[{}, age(deliveries.last_at)]]),
    family("replays_running", "Replays in progress", [[{}, overview.replays_running]]),
    family("database_bytes", "Size of the D1 database", [[{}, overview.database.bytes]]),
    family("database_max_bytes", "What the D1 database can hold", [[{}, overview.database.max_bytes]]),
    "# EOF\n",
  ].join("");
}

function family(name: string, help: string, samples: readonly Sample[]): string {
  const full = `webhook_gateway_${name}`;
  const lines = samples.map(([labels, value]) => `${full}${labelText(labels)} ${value}\n`);
  return [`# HELP ${full} ${help}\n`, `# TYPE ${full} gauge\n`, ...lines].join("");
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escapeLabel = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

const by = (label: string, values: Readonly<Record<string, number>>): Sample[] =>
  Object.entries(values).map(([name, value]) => [{ [label]: name }, value]);

const pick = <Key extends string>(
  from: Readonly<Record<Key, number>>,
  ...keys: Key[]
): Record<string, number> => Object.fromEntries(keys.map((key) => [key, from[key]]));
