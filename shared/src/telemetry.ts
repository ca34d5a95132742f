/**
 * Counters for Analytics Engine, made of the same lines that are logged: one data point a line, whose shape is the same
 * for every event, so that one query serves them all.
 *
 * `index1`, `blob1` the event (`delivery.accepted`) · `blob2` its level · `blob3` what came of it (a class, code or
 * state) · `blob4` the label of the secret, or the name of the hook or gate · `blob5` GitHub's event ·
 * `double1` 1 · `double2` milliseconds · `double3` how many, or how many bytes
 */
import type { LogFields } from "./log.ts";

/** Where data points go; Analytics Engine's own type has more. */
export interface Dataset {
  writeDataPoint(point: { indexes: string[]; blobs: string[]; doubles: number[] }): void;
}

const OUTCOMES = ["class", "code", "outcome", "state", "status"] as const;
const NAMES = ["secret", "hook", "condition", "credential"] as const;
const SIZES = ["messages", "claimed", "cancels", "bytes", "listed"] as const;

/** @returns what `createLog` takes as `observe`; undefined where there is no dataset */
export function observeWith(dataset: Dataset | undefined) {
  if (dataset === undefined) return undefined;
  return (level: string, event: string, fields: LogFields): void => {
    const duration = fields.duration_ms;
    dataset.writeDataPoint({
      indexes: [event],
      blobs: [event, level, first(fields, OUTCOMES), first(fields, NAMES), text(fields.github_event)],
      doubles: [1, typeof duration === "number" ? duration : 0, size(fields)],
    });
  };
}

const first = (fields: LogFields, names: readonly string[]): string =>
  text(names.map((name) => fields[name]).find((value) => value !== undefined));

const text = (value: LogFields[string]): string =>
  value === undefined || value === null ? "" : String(value);

function size(fields: LogFields): number {
  const found = SIZES.map((name) => fields[name]).find((value) => typeof value === "number");
  return typeof found === "number" ? found : 0;
}
