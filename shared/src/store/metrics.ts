/**
 * Counters and histograms for scrapers: one row of `settings`, added to in the transaction of every change. They only
 * grow, and have a number for each label and bucket, whatever the traffic.
 */
import * as v from "valibot";
import { bucketOf } from "../domain/histogram.ts";
import { isFinal, type ValidationState } from "../domain/validation.ts";
import { parseJson } from "../text/json.ts";
import type { DeliveryRow, TimelineEntry } from "./rows.ts";
import type { Validation } from "./validation-row.ts";

const METRICS = "metrics";

/** From one stage to the next, in milliseconds. */
export type HistogramName = "record" | "dispatch" | "finish" | "report";

/** What is counted, each by one label. */
export type CounterName =
  | "recorded"
  | "finished"
  | "reports"
  | "events"
  | "grainchain_calls"
  | "github_calls";

/** What is to be added to a number. */
export interface Count {
  /** `<counter> <label>`, `<histogram> <bucket>` or `<histogram> sum`. */
  readonly key: string;
  readonly n: number;
}

export type Metrics = Readonly<Record<string, number>>;

const SUM = "sum";
export const keyOf = (name: CounterName | HistogramName, label: string): string => `${name} ${label}`;
export const sumOf = (metrics: Metrics, name: HistogramName): number => metrics[keyOf(name, SUM)] ?? 0;

export const counted = (name: CounterName, label: string): Count => ({ key: keyOf(name, label), n: 1 });

/** A duration. Clocks differ: one that is negative counts as none. */
export function observed(name: HistogramName, from: string, to: string): Count[] {
  const ms = Math.max(Date.parse(to) - Date.parse(from), 0);
  return [
    { key: keyOf(name, bucketOf(ms)), n: 1 },
    { key: keyOf(name, SUM), n: ms },
  ];
}

const RUNS: readonly ValidationState[] = ["pending", "running", "completed", "failed"];

/** What recording these rows adds. Replayed work has waited for its replay: its times say nothing. */
export function metricsOf(
  now: string,
  deliveries: readonly DeliveryRow[],
  validations: readonly Validation[],
  timeline: readonly TimelineEntry[],
): Count[] {
  const rows = new Map(validations.map((row) => [row.id, row]));
  return [
    ...deliveries.flatMap(({ outcome, received_at, recovered_at }) => [
      counted("recorded", outcome),
      ...(recovered_at === null ? observed("record", received_at, now) : []),
    ]),
    ...timeline.flatMap((move) => {
      const row = rows.get(move.validation_id);
      return row === undefined || move.from_state === move.to_state ? [] : moved(row, move);
    }),
  ];
}

function moved(row: Validation, { from_state: from, to_state: to }: TimelineEntry): Count[] {
  const { dispatched_at, finished_at, lane } = row;
  const ran = dispatched_at !== null && RUNS.includes(to) && lane === 0;
  return [
    ...(ran && from === "dispatching"
      ? observed("dispatch", row.approved_at ?? row.created_at, dispatched_at)
      : []),
    ...(ran && finished_at !== null ? observed("finish", dispatched_at, finished_at) : []),
    ...(isFinal(to) ? [counted("finished", row.conclusion ?? to)] : []),
  ];
}

/** Adds up what has one key. */
export function summed(counts: readonly Count[]): Metrics {
  const sums = new Map<string, number>();
  for (const { key, n } of counts) sums.set(key, (sums.get(key) ?? 0) + n);
  return Object.fromEntries(sums);
}

/** Adds {@link summed} counts, as JSON. Only those are looked up of all that is stored. ?2: now */
export const ADD_METRICS = `
  INSERT INTO settings (name, value, updated_at) VALUES ('${METRICS}', ?1, ?2)
  ON CONFLICT (name) DO UPDATE SET updated_at = excluded.updated_at,
    value = iif(json_valid(settings.value), json_patch(settings.value, (
      SELECT json_group_object(key, value + coalesce(json_extract(settings.value, '$."' || key || '"'), 0))
      FROM json_each(?1))), ?1)`;

const metricsSchema = v.record(v.string(), v.number());

/** Everything that was counted. A row that is missing or unreadable counts nothing. */
export async function loadMetrics(db: D1Database): Promise<Metrics> {
  const row = await db.prepare("SELECT value FROM settings WHERE name = ?1").bind(METRICS).first();
  const parsed = v.safeParse(
    metricsSchema,
    typeof row?.value === "string" ? parseJson(row.value) : undefined,
  );
  return parsed.success ? parsed.output : {};
}
