/**
 * GitHub's example payloads, one for every event and action. `tools/release/example-payloads.ts` takes them from
 * `@octokit/webhooks-examples` (MIT, Copyright (c) Octokit contributors).
 */
import { readFileSync } from "node:fs";
import path from "node:path";

export const EXAMPLES_FILE = path.join(import.meta.dirname, "example-payloads.jsonl");

export interface ExamplePayload {
  readonly event: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** @returns the payloads of each event, in the order of GitHub's documentation */
export function readExamplePayloads(): ReadonlyMap<string, readonly ExamplePayload["payload"][]> {
  const examples = readFileSync(EXAMPLES_FILE, "utf8")
    .trimEnd()
    .split("\n")
    .map((line): ExamplePayload => JSON.parse(line));
  const payloads = Map.groupBy(examples, ({ event }) => event);
  return new Map([...payloads].map(([event, group]) => [event, group.map(({ payload }) => payload)]));
}
