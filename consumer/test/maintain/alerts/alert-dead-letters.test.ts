import { env } from "cloudflare:workers";
import { loadAlertFacts } from "@webhook-gateway/shared/store/maintain/alerts.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import { beforeEach, expect, test } from "vitest";
import { closeDeadLetters, openDeadLetter, openDeadLetters, startAlerts } from "../../support/alerts.ts";
import { empty, rowsReadBy } from "../../support/database.ts";
import { second } from "../../support/facts.ts";

beforeEach(empty);

test("a dead letter is alerted on although an older one is open", async () => {
  const { told, words, clock, raise } = startAlerts();
  await openDeadLetter("old");
  await raise();
  clock.nowMs += 3_601_000;
  await raise();
  expect(told.at(-1)?.body.text).toContain("older ones are open: gateway dlq list");
  await openDeadLetter("new", second(3600 + 3601));
  await raise();
  expect(words()).toEqual(["dead letters firing", "dead letters resolved", "dead letters firing"]);
});

test("many dead letters are alerted on although a few were already", async () => {
  const { words, raise } = startAlerts();
  await openDeadLetter("first");
  await raise();
  await openDeadLetters(100, second(3600));
  await raise();
  await raise();
  expect(words()).toEqual(["dead letters firing", "many dead letters firing"]);
});

test("a dead letter older than an hour is not alerted on", async () => {
  const { words, raise } = startAlerts();
  await openDeadLetter("old", second(-1));
  await raise();
  expect(words()).toEqual([]);
});

test("a dead letter of a replay is alerted on, however old the first one", async () => {
  const { words, raise } = startAlerts();
  const deadLetter = {
    id: "dispatch-1",
    kind: "dispatch" as const,
    class: "retryable",
    error: "x",
    attempts: 8,
    first_at: second(-7200),
    repository: null,
    delivery_id: null,
    validation_id: null,
    body: null,
  };
  await commit(env.DB, second(-3600), [{ kind: "deadLetter", row: deadLetter }]);
  await closeDeadLetters();
  await commit(env.DB, second(3600), [{ kind: "deadLetter", row: deadLetter }]);
  await raise();
  expect(words()).toEqual(["dead letters firing"]);
});

test("an alert reads the same few rows whether a hundred or 20,000 dead letters are open, and of new ones a thousand", async () => {
  const read = () => rowsReadBy((db) => loadAlertFacts(db, second(0)));
  const none = await read();
  await openDeadLetters(100, second(-100));
  const few = await read();
  await openDeadLetters(20_000, second(-200));
  expect(await read()).toBe(few);
  expect(few).toBeLessThan(none + 10);
  await openDeadLetters(5_000, second(100));
  expect(await loadAlertFacts(env.DB, second(0))).toMatchObject({ diedLastHour: 1000 });
  expect(await read()).toBeLessThanOrEqual(few + 1000);
});
