/**
 * Counters for Analytics Engine, made of the log's lines, all of one shape, so that one query works for all. A line is one
 * data point. A batch's line is one more for each thing that it counts, with its name as `blob3` and the number as
 * `double3`.
 *
 * `index1`, `blob1` the event (`delivery.accepted`) · `blob2` its level · `blob3` the outcome (a class, code,
 * reason or state) · `blob4` the label of the secret, or the name of the hook, condition or credential · `blob5`
 * GitHub's event · `double1` 1 · `double2` milliseconds · `double3` how many, or how many bytes
 */
import { errorText, type LogFields } from "./log.ts";

interface Point {
  readonly indexes: string[];
  readonly blobs: string[];
  readonly doubles: number[];
}

/** Where data points go; Analytics Engine's own type has more. */
export interface Dataset {
  writeDataPoint(point: Point): void;
}

const OUTCOMES = ["class", "code", "outcome", "state", "status", "reason"] as const;
const NAMES = ["secret", "hook", "condition", "credential"] as const;
const SIZES = ["messages", "claimed", "cancels", "bytes", "listed"] as const;

type Observe = (level: string, event: string, fields: LogFields) => void;

/** @returns what `createLog` takes as `observe`; undefined if there is no dataset */
export function observeWith(dataset: Dataset | undefined): Observe | undefined {
  if (dataset === undefined) return undefined;
  return (level, event, fields) => {
    for (const point of pointsOf(level, event, fields)) write(dataset, point);
  };
}

/**
 * Data points of one invocation, with room below Analytics Engine's limit: the 251st throws
 * (https://developers.cloudflare.com/analytics/analytics-engine/limits/).
 */
export const MAX_POINTS = 240;
/** Of these, points that sum up what came once the others were written. */
const MAX_SUMS = 40;

/**
 * Observes one invocation, however many lines it logs: its first lines are points as they come, the others are summed
 * by what they count, and written by `flush`.
 */
export function observeInvocation(dataset: Dataset | undefined): { observe: Observe; flush(): void } {
  const sums = new Map<string, Point>();
  let written = 0;
  return {
    observe(level, event, fields) {
      if (dataset === undefined) return;
      for (const point of pointsOf(level, event, fields)) {
        if (written >= MAX_POINTS - MAX_SUMS) addTo(sums, point);
        else {
          written++;
          write(dataset, point);
        }
      }
    },
    flush() {
      for (const point of sums.values()) if (dataset !== undefined) write(dataset, point);
      sums.clear();
    },
  };
}

/** Adds to the sum of points that count the same; beyond so many sums, to one of everything else. */
function addTo(sums: Map<string, Point>, point: Point): void {
  const given = JSON.stringify(point.blobs);
  const others = !sums.has(given) && sums.size >= MAX_SUMS - 1;
  const key = others ? "others" : given;
  const sum = sums.get(key);
  const { indexes, blobs } = others ? { indexes: ["others"], blobs: ["others", "info", "", "", ""] } : point;
  const doubles = point.doubles.map((value, index) => value + (sum?.doubles[index] ?? 0));
  sums.set(key, { indexes, blobs, doubles });
}

/** Telemetry that fails never fails the work. */
function write(dataset: Dataset, point: Point): void {
  try {
    dataset.writeDataPoint(point);
  } catch (thrown) {
    console.warn(JSON.stringify({ level: "warn", event: "telemetry.failed", error: errorText(thrown) }));
  }
}

function pointsOf(level: string, event: string, fields: LogFields): Point[] {
  const { duration_ms: duration } = fields;
  const durationMs = typeof duration === "number" ? duration : 0;
  const blobs = [first(fields, NAMES), text(fields.github_event)];
  const line = {
    indexes: [event],
    blobs: [event, level, first(fields, OUTCOMES), ...blobs],
    doubles: [1, durationMs, sizeOf(fields)],
  };
  if (!event.endsWith(".batch")) return [line];
  const counted = Object.entries(fields).flatMap(([name, count]): Point[] =>
    typeof count === "number" && count > 0 && name !== "duration_ms"
      ? [{ indexes: [event], blobs: [event, level, name, ...blobs], doubles: [1, durationMs, count] }]
      : [],
  );
  return [line, ...counted];
}

const first = (fields: LogFields, names: readonly string[]): string => {
  for (const name of names) if (fields[name] !== undefined) return text(fields[name]);
  return "";
};

const text = (value: LogFields[string]): string =>
  value === undefined || value === null ? "" : String(value);

function sizeOf(fields: LogFields): number {
  for (const name of SIZES) {
    const size = fields[name];
    if (typeof size === "number") return size;
  }
  return 0;
}
