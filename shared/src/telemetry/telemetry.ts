/**
 * Counters for Analytics Engine, made of the same lines that are logged, all of one shape, so that one query serves
 * them all. A line is one data point; a batch's line is one more for each thing that it counts, with its name as
 * `blob3` and how many as `double3`.
 *
 * `index1`, `blob1` the event (`delivery.accepted`) · `blob2` its level · `blob3` what came of it (a class, code,
 * reason or state) · `blob4` the label of the secret, or the name of the hook, condition or credential · `blob5`
 * GitHub's event · `double1` 1 · `double2` milliseconds · `double3` how many, or how many bytes
 */
import type { LogFields } from "./log.ts";

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

/** @returns what `createLog` takes as `observe`; undefined where there is no dataset */
export function observeWith(dataset: Dataset | undefined) {
  if (dataset === undefined) return undefined;
  return (level: string, event: string, fields: LogFields): void => {
    for (const point of pointsOf(level, event, fields)) dataset.writeDataPoint(point);
  };
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
