import type { Gate } from "@webhook-gateway/shared/gate.ts";
import type { AlertFacts } from "@webhook-gateway/shared/store/alerts.ts";
import { expect, test } from "vitest";
import { firing } from "../src/alert-conditions.ts";

const NOW_MS = Date.UTC(2026, 10, 1, 12);
const ago = (seconds: number): string => new Date(NOW_MS - seconds * 1000).toISOString();

const closed = (seconds: number): Gate => ({
  state: "closed",
  reason: "configuration",
  detail: "HTTP 401",
  since: ago(seconds),
  until: ago(0),
  step: 3,
});

const CALM: AlertFacts = {
  gates: [
    { name: "Grainchain", gate: { state: "open" } },
    { name: "GitHub", gate: { state: "open" } },
  ],
  openLetters: 0,
  oldestWaitingAt: ago(600),
  recoveredLastHour: 4,
  endedLastHour: 100,
  brokenLastHour: 25,
  told: new Map(),
  stored: new Map(),
};

test.each<[string, Partial<AlertFacts>, string[]]>([
  ["nothing is wrong", {}, []],
  ["a gate has been closed for less than 5 minutes", { gates: [{ name: "GitHub", gate: closed(299) }] }, []],
  [
    "a gate has been closed for 5 minutes",
    { gates: [{ name: "GitHub", gate: closed(300) }] },
    ["gate GitHub"],
  ],
  ["a letter is open", { openLetters: 1 }, ["dead letters"]],
  ["the oldest has waited up to the threshold", { oldestWaitingAt: ago(900) }, []],
  ["the oldest has waited longer", { oldestWaitingAt: ago(901) }, ["waiting"]],
  ["nothing waits", { oldestWaitingAt: null }, []],
  ["five deliveries were recovered", { recoveredLastHour: 5 }, ["lost deliveries"]],
  ["more than a quarter broke", { brokenLastHour: 26 }, ["broken"]],
  ["all of a few broke", { endedLastHour: 19, brokenLastHour: 19 }, []],
  ["nothing ended", { endedLastHour: 0, brokenLastHour: 0 }, []],
])("where %s: %j", (_, facts, conditions) => {
  const alerts = firing({ ...CALM, ...facts }, { oldestWaitingMs: 900_000 }, NOW_MS);
  expect([...alerts.keys()]).toEqual(conditions);
});
