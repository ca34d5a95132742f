/** The status of the gateway, as it is printed. */
import type { GateItem, Overview } from "@webhook-gateway/shared/api/overview.ts";
import { databaseSizeText } from "@webhook-gateway/shared/domain/database-size.ts";
import { durationText } from "@webhook-gateway/shared/text/duration.ts";
import { type Field, fieldLines, tableLines } from "../output/table.ts";
import type { Screen } from "../output/terminal.ts";
import { ageText, utcAndAgeText, utcText } from "../output/time-text.ts";
import { pauseText } from "./pause.ts";

/** The lines to print. Ages are by the gateway's clock. */
export function overviewLines(overview: Overview, screen: Screen): string[] {
  const now = new Date(overview.timestamp);
  const { version, environment, timestamp, gates, dead_letters: deadLetters } = overview;
  const fields: Field[] = [
    ["gateway", `${version}, ${environment}, ${utcText(timestamp)}`],
    ["validations", statesText(overview)],
    ["waiting", waitingText(overview, now)],
    ...durationFields(overview),
    ...overview.pauses.map((pause): Field => ["paused", pauseText(pause, now)]),
    ...gates.map((gate): Field => [`gate ${gate.name}`, gateText(gate, now)]),
    ["reports", reportsText(overview)],
    ["cancels", countsText([overview.cancels.due, "due"], [overview.cancels.dead, "dead"])],
    ...eventFields(overview, now),
    ["deliveries", deliveriesText(overview, now)],
    ["database", databaseText(overview, now)],
    ["reused", overview.reused_last_day > 0 ? `${overview.reused_last_day} runs in the last day` : null],
    ["replays", overview.replays_running > 0 ? `${overview.replays_running} running` : "none running"],
    [
      "dead letters",
      deadLetters.length === 0 ? "none" : String(deadLetters.reduce((sum, { letters }) => sum + letters, 0)),
    ],
  ];
  if (deadLetters.length === 0) return fieldLines(fields, screen);
  const table = tableLines(
    deadLetters,
    [
      { head: "KIND", cell: ({ kind }) => kind, rank: 1 },
      { head: "CLASS", cell: (one) => one.class, rank: 2 },
      { head: "COUNT", cell: ({ letters }) => letters, rank: 3 },
      { head: "OLDEST", cell: ({ oldest_at }) => ageText(oldest_at, now), rank: 4 },
    ],
    screen,
  );
  return [...fieldLines(fields, screen), ...table.map((line) => `  ${line}`)];
}

/** All live states, and the final states that have validations. */
function statesText({ states }: Overview): string {
  const live = ["queued", "dispatching", "pending", "running"] as const;
  const ended = Object.entries(states).filter(
    ([state, count]) => !live.some((one) => one === state) && count > 0,
  );
  const recent = ended.map(([state, count]) => `${count} ${state}`).join(", ");
  const now = live.map((state) => `${states[state] ?? 0} ${state}`).join(", ");
  return `${now}; within 24 h ${recent === "" ? "none ended" : recent}`;
}

function waitingText({ waiting }: Overview, now: Date): string {
  const { live, replay, backing_off, oldest_at, next_due_at } = waiting;
  if (live + replay === 0) return "none";
  const counts = countsText([live, "live"], [replay, "replayed"], [backing_off, "backing off"]);
  const next = next_due_at === null ? "" : `; next try ${nextText(next_due_at, now)}`;
  return `${counts}; the oldest since ${utcAndAgeText(oldest_at, now)}${next}`;
}

/** Of those queued within the latest hour of which some have ended. */
function durationFields({ hours }: Overview): Field[] {
  const [latest] = hours.filter(({ p50_ms }) => p50_ms !== null);
  if (latest === undefined) return [];
  const { hour, p50_ms, p95_ms, p99_ms } = latest;
  const shown = [
    ["p50", p50_ms],
    ["p95", p95_ms],
    ["p99", p99_ms],
  ] as const;
  const text = shown.map(([name, ms]) => `${name} ${ms === null ? "-" : durationText(ms)}`).join(", ");
  return [["duration", `${text}; queued since ${utcText(hour)}`]];
}

function gateText({ state, reason, detail, since, until }: GateItem, now: Date): string {
  if (state === "open") return "open";
  const why = [reason, detail].filter((part) => part !== null).join(": ");
  const next = until === null ? "" : `; next try ${nextText(until, now)}`;
  return `closed: ${why}; since ${utcAndAgeText(since, now)}${next}`;
}

function reportsText({ reports }: Overview): string {
  const counts = countsText([reports.due, "due"], [reports.dead, "dead"]);
  return reports.oldest_due_at === null
    ? counts
    : `${counts}; oldest due since ${utcText(reports.oldest_due_at)}`;
}

/** Nothing if none is due. */
function eventFields({ events }: Overview, now: Date): Field[] {
  if (events.oldest_at === null) return [];
  return [["events", `due to the sink; the oldest since ${utcAndAgeText(events.oldest_at, now)}`]];
}

function deliveriesText({ deliveries }: Overview, now: Date): string {
  const last =
    deliveries.last_at === null ? "none yet" : `the last ${utcAndAgeText(deliveries.last_at, now)}`;
  return `${last}; ${deliveries.last_hour} within the hour; ${deliveries.recovered_last_day} recovered within 24 h`;
}

function databaseText({ database }: Overview, now: Date): string {
  const size = databaseSizeText(database.bytes);
  if (database.shortened === null) return size;
  const { deliveries_days, validations_days, since } = database.shortened;
  const kept = `keeps validations for ${validations_days} days and deliveries for ${deliveries_days}`;
  return `${size}; ${kept}, less than configured, since ${utcAndAgeText(since, now)}`;
}

const countsText = (...counts: readonly (readonly [number, string])[]): string =>
  counts.map(([count, name]) => `${count} ${name}`).join(", ");

/** When something happens next; what is already due happens as soon as possible. */
function nextText(at: string, now: Date): string {
  const ms = Date.parse(at) - now.getTime();
  return ms > 0 ? `in ${durationText(ms)}` : "now";
}
