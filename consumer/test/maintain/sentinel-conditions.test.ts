import { expect, test } from "vitest";
import { type Observed, sentinelConditionsOf } from "../../src/maintain/sentinel-conditions.ts";

const NOW_MS = Date.UTC(2026, 10, 1, 12);
const ago = (seconds: number): number => NOW_MS - seconds * 1000;

const CALM: Observed = {
  heardMs: ago(30),
  unansweredMs: null,
  databaseBytes: 7_000_000_000,
  checkedMs: NOW_MS,
  watchingSinceMs: ago(86_400),
};

test.each<[string, Partial<Observed>, string[]]>([
  ["nothing is wrong", {}, []],
  ["the cron last ran almost 5 minutes ago", { heardMs: ago(299) }, []],
  ["the cron last ran 5 minutes ago", { heardMs: ago(300) }, ["consumer silent"]],
  ["nobody listened until now", { heardMs: ago(3600), watchingSinceMs: NOW_MS }, []],
  [
    "somebody has listened for 5 minutes",
    { heardMs: ago(3600), watchingSinceMs: ago(300) },
    ["consumer silent"],
  ],
  ["D1 has not answered for less than 5 minutes", { heardMs: ago(0), unansweredMs: ago(299) }, []],
  ["D1 has not answered for 5 minutes", { heardMs: ago(0), unansweredMs: ago(300) }, ["database away"]],
  ["a cron that died left D1's answer open", { heardMs: ago(240), unansweredMs: ago(240) }, []],
  ["the consumer died with it", { heardMs: ago(900), unansweredMs: ago(900) }, ["consumer silent"]],
  [
    "the consumer died after D1",
    { heardMs: ago(400), unansweredMs: ago(700) },
    ["consumer silent", "database away"],
  ],
  ["the database is over 70 % of its size", { databaseBytes: 7_000_000_001 }, ["database filling"]],
  ["the database is at 90 %", { databaseBytes: 9_000_000_000 }, ["database filling"]],
  ["it is over 90 %", { databaseBytes: 9_000_000_001 }, ["database filling", "database full"]],
])("if %s: %j", (_, observed, conditions) => {
  const found = sentinelConditionsOf({ ...CALM, ...observed }, NOW_MS);
  expect(found.filter(({ holds }) => holds).map(({ name }) => name)).toEqual(conditions);
});

test.each([
  [6_800_000_000, "database filling", true],
  [6_700_000_000, "database filling", false],
  [8_800_000_000, "database full", true],
  [8_700_000_000, "database full", false],
])("an alert at %d bytes that fires goes on: %s, %s", (databaseBytes, name, holds) => {
  const found = sentinelConditionsOf({ ...CALM, databaseBytes }, NOW_MS, (one) => one === name);
  expect(found.find((one) => one.name === name)?.holds).toBe(holds);
});
