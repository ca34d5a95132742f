import { env } from "cloudflare:workers";
import { GRAINCHAIN_STATUSES } from "@webhook-gateway/shared/domain/validation.ts";
import type { CallbackFact } from "@webhook-gateway/shared/messages/fact.ts";
import { MAX_LATE_CALLBACKS } from "@webhook-gateway/shared/runs/callback-limits.ts";
import { storeCallbackResults } from "@webhook-gateway/shared/store/write/callback-results.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { describe, expect, test } from "vitest";
import { empty, intercept, row, rows } from "../../support/database.ts";
import { callback, freshRepository, pullRequest, second, sha } from "../../support/facts.ts";
import { expectConsistent } from "../../support/invariants.ts";
import { record, recordEach, timelineOf, validationOf } from "../../support/recording.ts";

const LARGE = JSON.stringify({ output: "x".repeat(20_000) });

/** A validation that has finished with results of its own. */
async function finished() {
  const repository = freshRepository();
  const id = `${repository.id}-pr-12-${sha("a")}-1`;
  await recordEach([
    pullRequest(repository)("opened", "a", 1),
    callback(repository, id, "completed", { results: { n: 0 } }),
  ]);
  return { repository, id, say: (...[status, fields]: Said) => callback(repository, id, status, fields) };
}

type Said = [status: CallbackFact["status"], fields?: Partial<CallbackFact>];

async function stored(fact: CallbackFact): Promise<CallbackFact> {
  await storeCallbackResults(env.DB, fact.id, LARGE, second(0));
  return { ...fact, results_stored: true };
}

const waiting = () => rows("SELECT id FROM callback_results");

/** What is logged, without what is said of the whole batch. */
function listen() {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({ debug: false, write: (_level, line) => void lines.push(JSON.parse(line)) });
  return { log, dropped: () => lines.filter(({ event }) => event === "callback.dropped") };
}

test("1,000 callbacks after the end leave a bounded number of rows and bytes", async () => {
  await empty();
  const { repository, id, say } = await finished();
  const { log, dropped } = listen();
  for (let batch = 0; batch < 10; batch++) {
    const facts = await Promise.all(
      Array.from({ length: 100 }, (_, n) => {
        const fact = say(GRAINCHAIN_STATUSES[n % GRAINCHAIN_STATUSES.length] ?? "running");
        return n % 2 === 0 ? stored(fact) : { ...fact, results: { output: "y".repeat(10_000) } };
      }),
    );
    expect(new Set((await record(facts, { log })).verdicts)).toEqual(new Set(["ack"]));
  }

  const late = "FROM timeline WHERE validation_id = ?1 AND reason LIKE '%, after the end%'";
  const kept = await row(
    `SELECT count(*) AS n, count(results) AS results, sum(length(results)) AS bytes ${late}`,
    id,
  );
  expect(kept).toMatchObject({ n: MAX_LATE_CALLBACKS, results: GRAINCHAIN_STATUSES.length });
  expect(Number(Object(kept).bytes)).toBeLessThanOrEqual(GRAINCHAIN_STATUSES.length * LARGE.length);
  expect((await timelineOf(id)).at(-1)?.reason).toMatch(/; no further ones are kept$/);
  expect(await waiting()).toEqual([]);
  expect(await rows("SELECT id FROM callbacks_unmatched")).toEqual([]);
  expect(await validationOf(id)).toMatchObject({ state: "completed", results: '{"n":0}' });
  // Each that left nothing or not all is in the log.
  expect(dropped()).toHaveLength(1000 - GRAINCHAIN_STATUSES.length);
  expect(dropped()[0]).toMatchObject({
    level: "warn",
    validation_id: id,
    reason: expect.stringMatching(/./),
  });
  await expectConsistent(repository.id);
});

test("60 callbacks after the end, of a server that tries again for a day, are all in the timeline", async () => {
  const { id, say } = await finished();
  const before = (await timelineOf(id)).length;
  await record(Array.from({ length: 60 }, () => say("running")));
  expect((await timelineOf(id)).slice(before)).toHaveLength(60);
});

test("the first results of each status are kept whole, and what follows them is in the timeline without", async () => {
  await empty();
  const { id, say } = await finished();
  await recordEach([
    say("running"),
    await stored(say("running")),
    say("completed", { results: { n: 1 } }),
    await stored(say("running")),
    say("completed", { results: { n: 2 } }),
    say("completed"),
  ]);
  const repeated = "its results are dropped: this status has some already";
  expect((await timelineOf(id)).slice(-6).map(({ reason, results }) => [reason, results])).toEqual([
    ["callback running, after the end", null],
    ["callback running, after the end", LARGE],
    ["callback completed, after the end", '{"n":1}'],
    [`callback running, after the end; ${repeated}`, null],
    [`callback completed, after the end; ${repeated}`, null],
    ["callback completed, after the end", null],
  ]);
  expect(await waiting()).toEqual([]);
});

test("what is dropped costs no more statements the more of it there is", async () => {
  const { say } = await finished();
  await record(Array.from({ length: MAX_LATE_CALLBACKS }, () => say("running")));
  const trips = async (count: number) => {
    let made = 0;
    const facts = await Promise.all(Array.from({ length: count }, () => stored(say("running"))));
    await record(facts, { db: intercept(env.DB, () => void made++) });
    return made;
  };
  expect(await trips(100)).toBe(await trips(1));
});

test("batches that meet at the bound keep to it", async () => {
  const { repository, id, say } = await finished();
  await record(Array.from({ length: MAX_LATE_CALLBACKS - 1 }, () => say("running")));
  const before = (await timelineOf(id)).length;
  let trips = 0;
  const db = intercept(env.DB, async () => {
    trips++;
    // Between the reading of the one and its commit.
    if (trips === 2) await record([say("pending")]);
  });
  expect((await record([say("failed")], { db })).verdicts).toEqual(["ack"]);
  expect((await timelineOf(id)).slice(before)).toHaveLength(1);
  await expectConsistent(repository.id);
});

describe("a callback of a deleted validation", () => {
  test("by its capability leaves nothing but a line in the log", async () => {
    await empty();
    const repository = freshRepository();
    const { log, dropped } = listen();
    const facts = await Promise.all(
      Array.from({ length: 100 }, () => stored(callback(repository, "expired", "completed"))),
    );
    const { verdicts, changed } = await record(facts, { log });
    expect([new Set(verdicts), changed]).toEqual([new Set(["ack"]), false]);
    for (const table of ["callbacks_unmatched", "callback_results", "timeline", "dead_letters"]) {
      expect([table, await rows(`SELECT 1 FROM ${table}`)]).toEqual([table, []]);
    }
    expect(dropped()).toHaveLength(100);
    expect(dropped()[0]).toEqual({
      level: "warn",
      event: "callback.dropped",
      callback_id: facts[0]?.id,
      validation_id: "expired",
      reason: "its validation is deleted",
    });
  });

  test("by the secret itself stays, unmatched, for operators to see", async () => {
    await empty();
    const fact = await stored(callback(freshRepository(), "expired", "completed", { id_kind: "any" }));
    await record([fact]);
    expect(await rows("SELECT id, results FROM callbacks_unmatched")).toEqual([
      { id: fact.id, results: LARGE },
    ]);
  });
});
