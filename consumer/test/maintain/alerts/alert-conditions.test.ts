import type { Gate } from "@webhook-gateway/shared/domain/gate.ts";
import type { AlertFacts } from "@webhook-gateway/shared/store/maintain/alerts.ts";
import { expect, test } from "vitest";
import { conditionsOf } from "../../../src/maintain/alert-conditions.ts";

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
  diedLastHour: 0,
  olderDeadLettersOpen: true,
  oldestWaitingAt: ago(600),
  recoveredLastHour: 4,
  endedLastHour: 100,
  brokenLastHour: 25,
  refusedLately: 100,
  notified: new Map(),
  stored: new Map(),
};

const THRESHOLDS = { oldestWaitingMs: 900_000 };

test.each<[string, Partial<AlertFacts>, string[]]>([
  ["nothing is wrong", {}, []],
  ["a gate has been closed for less than 5 minutes", { gates: [{ name: "GitHub", gate: closed(299) }] }, []],
  [
    "a gate has been closed for 5 minutes",
    { gates: [{ name: "GitHub", gate: closed(300) }] },
    ["gate GitHub"],
  ],
  ["a dead letter died", { diedLastHour: 1 }, ["dead letters"]],
  ["99 dead letters died", { diedLastHour: 99 }, ["dead letters"]],
  ["100 dead letters died", { diedLastHour: 100 }, ["dead letters", "many dead letters"]],
  ["the oldest has waited up to the threshold", { oldestWaitingAt: ago(900) }, []],
  ["the oldest has waited longer", { oldestWaitingAt: ago(901) }, ["waiting"]],
  ["nothing waits", { oldestWaitingAt: null }, []],
  ["five deliveries were recovered", { recoveredLastHour: 5 }, ["lost deliveries"]],
  ["more than a quarter broke", { brokenLastHour: 26 }, ["broken"]],
  ["all of a few broke", { endedLastHour: 19, brokenLastHour: 19 }, []],
  ["more than 100 requests were refused", { refusedLately: 101 }, ["access refused"]],
  ["nothing ended", { endedLastHour: 0, brokenLastHour: 0 }, []],
])("where %s: %j", (_, facts, conditions) => {
  const found = conditionsOf({ ...CALM, ...facts }, THRESHOLDS, NOW_MS);
  expect(found.filter(({ holds }) => holds).map(({ name }) => name)).toEqual(conditions);
});

test.each<[string, Partial<AlertFacts>, string]>([
  ["dead letters", { diedLastHour: 1 }, "1 dead letter of the last hour is open: gateway dlq list"],
  ["dead letters", { diedLastHour: 2 }, "2 dead letters of the last hour are open: gateway dlq list"],
  [
    "many dead letters",
    { diedLastHour: 1000 },
    "1000 or more dead letters of the last hour are open: gateway dlq list",
  ],
  ["dead letters", {}, "no dead letter of the last hour is open; older ones are open: gateway dlq list"],
  ["dead letters", { olderDeadLettersOpen: false }, "no dead letter of the last hour is open"],
  ["many dead letters", { diedLastHour: 3 }, "fewer than 100 dead letters of the last hour are open"],
  ["gate GitHub", { gates: [{ name: "GitHub", gate: { state: "open" } }] }, "GitHub is being called again"],
  ["waiting", {}, "no validation has been waiting for more than 900 s"],
  ["lost deliveries", {}, "fewer than 5 deliveries of the last hour were fetched"],
  ["broken", {}, "25 of 100 validations of the last hour broke"],
])("%s has a text that is true: %j", (name, facts, text) => {
  const found = conditionsOf({ ...CALM, ...facts }, THRESHOLDS, NOW_MS);
  expect(found.find((condition) => condition.name === name)?.text).toBe(text);
});
