import { expect } from "vitest";
import { waitUntil } from "../../../support/patience.ts";
import type { Gateway } from "../../support/gateway.ts";

type Labels = Readonly<Record<string, number>>;

/** How often each secret's label occurs in the lines of an event, from a position in the log. */
function labelsSince(gateway: Gateway, event: string, from: number): Labels {
  const lines = gateway
    .logs()
    .slice(from)
    .split("\n")
    .filter((line) => line.includes(`"${event}"`));
  const labels = Object.groupBy(lines, (line) => /"secret":"(\w+)"/.exec(line)?.[1] ?? "none");
  return Object.fromEntries(Object.entries(labels).map(([label, found]) => [label, found?.length ?? 0]));
}

/** Waits for the expected number of lines, and expects these labels in them. */
export async function expectLabels(
  gateway: Gateway,
  event: string,
  from: number,
  expected: Labels,
): Promise<void> {
  const total = sum(expected);
  await waitUntil(`${total} labels of ${event}`, () => sum(labelsSince(gateway, event, from)) >= total);
  expect(labelsSince(gateway, event, from)).toEqual(expected);
}

const sum = (labels: Labels): number => Object.values(labels).reduce((a, b) => a + b, 0);
