import type { Gateway } from "../../support/gateway.ts";

/** How often each secret's label stands in the lines of an event, by the log from one place on. */
export function labelsSince(gateway: Gateway, event: string, from: number): Record<string, number> {
  const lines = gateway
    .logs()
    .slice(from)
    .split("\n")
    .filter((line) => line.includes(`"${event}"`));
  const labels = Object.groupBy(lines, (line) => /"secret":"(\w+)"/.exec(line)?.[1] ?? "none");
  return Object.fromEntries(Object.entries(labels).map(([label, found]) => [label, found?.length ?? 0]));
}
